// The calls: a list, step by step with the picture, or two runs side by side.
const KEY_FLAGS = ["MAP_SHARED_VALIDATE", "MAP_SYNC"];
const marked = (text) => text.split(/("(?:[^"\\]|\\.)*"|\b0x[0-9a-f]+\b|\b\d+\b|\b[A-Z][A-Z_0-9]{2,}\b|\||^\w+)/).flatMap((part, place) => {
  if (part === "|") return ["|", make("wbr")];
  if (KEY_FLAGS.includes(part)) return [make("mark", {}, part)];
  if (place === 1 && /^[a-z]/.test(part)) return [make("span", { class: "name" }, part)];
  if (part.startsWith('"')) return [make("span", { class: "string" }, part)];
  if (/^[A-Z]/.test(part) && part !== "NULL") return [make("span", { class: "flag" }, part)];
  if (/^\d+$/.test(part) && Number(part) >= 4096 && Number(part) % 4096 === 0) return [make("abbr", { title: size(Number(part)) }, part)];
  return [part];
});
const CERTAINTY = { letter: "the cover letter says so", inferred: "assumption" };
const callElement = (step, number) => {
  const line = make("div", { class: "text" }, ...marked(step.text), " ", make("span", { class: `answer ${step.failed ? "failed" : "fine"}` }, `= ${step.answer}`));
  const why = make("div", { class: "why" }, make("span", { class: "reason" }, step.why));
  if (step.rule && step.rule !== step.why) why.append(" ", make("span", { class: "rule" }, step.rule));
  if (CERTAINTY[step.certainty]) why.append(" ", make("span", { class: "certainty" }, CERTAINTY[step.certainty]));
  return make("div", { class: "call" }, make("span", { class: "number" }, `${number}`), line, why);
};
const AGAIN = "And again from the first call, without end.";
const callList = (side) => {
  const shown = make("ol", { class: "calls" });
  let by = null;
  side.steps.forEach((step, place) => {
    const item = make("li");
    if (step.by !== by) item.append(make("div", { class: "by" }, step.by));
    by = step.by;
    item.append(callElement(step, place + 1));
    shown.append(item);
  });
  if (side.livelock) shown.append(make("li", { class: "again" }, AGAIN));
  else if (side.calls > side.steps.length) shown.append(make("li", { class: "again" }, `${side.calls - side.steps.length} more calls are not shown.`));
  return shown;
};

// Step by step: the picture after each call; the list marks the call.
const player = (side, calls) => {
  const last = side.steps.length;
  const frame = make("div", { class: "frame" });
  const said = make("p", { class: "note", role: "status" });
  const slider = make("input", { type: "range", min: 1, max: last, value: last, "aria-label": "Call" });
  const back = make("button", { type: "button" }, "Back");
  const play = make("button", { type: "button" }, "Play");
  const next = make("button", { type: "button" }, "Next");
  const items = [...calls.children].filter((item) => item.querySelector(".call"));
  let timer = null;
  let chosen = last;
  const show = (place, moved) => {
    chosen = Math.min(Math.max(place, 1), last);
    const step = side.steps[chosen - 1];
    frame.replaceChildren(picture(step.space));
    slider.value = chosen;
    slider.setAttribute("aria-valuetext", `${chosen} of ${last}: ${step.call}`);
    said.textContent = `Call ${chosen} of ${last}: ${step.call}, ${step.why}`;
    back.disabled = chosen === 1;
    next.disabled = chosen === last;
    items.forEach((item, number) => {
      item.classList.toggle("later", number >= chosen);
      item.classList.toggle("now", moved && number === chosen - 1);
    });
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  };
  const move = (place) => { stop(); show(place, true); };
  back.addEventListener("click", () => move(chosen - 1));
  next.addEventListener("click", () => move(chosen + 1));
  slider.addEventListener("input", () => move(Number(slider.value)));
  play.addEventListener("click", () => {
    if (timer) { stop(); return; }
    if (chosen === last) show(1, true);
    play.textContent = "Pause";
    timer = setInterval(() => {
      if (!frame.isConnected || chosen === last) { stop(); return; }
      show(chosen + 1, true);
    }, 900);
  });
  show(last, false);
  return make("div", { class: "player" }, frame, make("div", { class: "buttons steps" }, back, play, next), slider, said);
};

const pairList = (here, there, comparison) => {
  const shown = make("ol", { class: "calls pairs" });
  let by = null;
  for (const [equal, left, right] of comparison.rows) {
    const first = left === null ? there.steps[right] : here.steps[left];
    if (!first) break;
    const item = make("li");
    if (first.by !== by) item.append(make("div", { class: "by" }, first.by));
    by = first.by;
    const cell = (which, steps, place, name) => {
      const label = make("div", { class: equal ? "tag hidden" : "tag" }, name);
      if (place === null || !steps[place]) return make("div", { class: `cell ${which} nothing` }, label, "no such call");
      return make("div", { class: `cell ${which}` }, label, callElement(steps[place], place + 1));
    };
    item.append(make("div", { class: `pair ${equal ? "same" : "differs"}` }, cell("here", here.steps, left, here.name), cell("there", there.steps, right, there.name)));
    shown.append(item);
  }
  return shown;
};

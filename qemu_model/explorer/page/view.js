// An answer, as cards. Every word comes from the model.
const severity = { error: "bad", warning: "warn", note: "plain", info: "plain" };
const findingItems = (findings) => make("ul", { class: "findings" }, ...findings.map((one) => make("li", { class: severity[one.severity] || "plain" },
  make("p", { class: "strong" }, make("code", {}, one.code), ` ${one.object ? `${one.object}: ` : ""}${one.text}`),
  ...(one.why ? [make("p", {}, one.why)] : []),
  ...(one.fix ? [make("p", {}, "Fix: ", make("code", {}, one.fix))] : []))));
const messageItems = (messages) => messages.flatMap((one) => {
  const parts = [make("pre", { class: "stderr", tabindex: 0 }, one.text)];
  if (one.function) parts.push(make("p", { class: "note" }, "Printed by ", make("code", {}, one.function), one.conditions.length ? ", when:" : "."), list(one.conditions, "when"));
  return parts;
});
const ended = (side) => {
  if (side.livelock) return "The loop never ends; only a signal stops QEMU.";
  if (side.exit === undefined) return "";
  if (side.exit < 0) return `It ends with signal ${-side.exit}.`;
  return side.exit ? `Exit status ${side.exit}.` : "";
};
const happens = (side) => {
  const shown = [...side.sentences, ended(side)].filter(Boolean).map((text) => make("p", {}, text));
  if (side.assumed_machine && side.machine) shown.push(make("p", { class: "note" }, `No -machine given: modelled with -machine ${side.machine}.`));
  shown.push(...messageItems(side.messages || []));
  if (side.ignored && side.ignored.length) {
    shown.push(make("details", {}, make("summary", {}, `${side.ignored.length} options without effect on memory backends`), list(side.ignored.map(String), "plain-list small")));
  }
  return shown;
};
const flagTerms = (pairs, kind = "") => {
  const shown = make("dl", { class: `flags ${kind}` });
  for (const [name, meaning] of pairs) {
    const strong = ["MAP_SYNC", "MAP_SHARED_VALIDATE", "sf"].includes(name) ? "strong" : null;
    shown.append(make("dt", { class: strong }, name), make("dd", { class: strong }, meaning));
  }
  return shown;
};
const memoryCard = (side) => {
  if (!side.memory || !side.memory.length) return [];
  const parts = side.memory.flatMap((one) => [
    make("h3", {}, `${one.id}: ${size(one.size)} at ${one.address}`),
    one.vm_flags ? flagTerms(one.vm_flags, "letters") : make("p", { class: "note" }, "The host does not tell the flags."),
  ]);
  if (side.flags.length) parts.push(make("h3", {}, "Flags of the last mapping call"), flagTerms(side.flags));
  const shown = card("The mapping, as /proc/PID/smaps shows it", ...parts);
  shown.classList.add("mapping-card");
  return [shown];
};
const effectsCard = (side) => {
  if (!side.options || !side.options.length) return [];
  const shown = make("dl", { class: "options" });
  for (const one of side.options) {
    shown.append(make("dt", {}, one.option));
    for (const key of ["data", "memory", "sharing"]) if (one[key]) shown.append(make("dd", {}, one[key]));
  }
  return [make("section", { class: "card effects-card" }, make("details", {}, make("summary", {}, "What each option does"), shown))];
};
const callsCard = (side) => {
  if (!side.steps || !side.steps.length) return [card("System calls", make("p", {}, "None: QEMU stops before the first one."))];
  const calls = callList(side);
  const step = card("Step by step", player(side, calls));
  step.classList.add("player-card");
  const shown = card("System calls", make("p", { class: "note" }, `${side.calls} calls, each under the C function that makes it.`), calls);
  shown.classList.add("calls-card");
  return [step, shown];
};
const adviceCards = (side) => [
  ...(side.findings && side.findings.length ? [card("Findings", findingItems(side.findings))] : []),
  ...(side.advice && side.advice.length ? [card("What to change", list(side.advice))] : []),
  ...(side.depends_on_host && side.depends_on_host.length ? [card("What depends on the host", list(side.depends_on_host))] : []),
];

const smapsCards = (answer) => {
  const { smaps } = answer;
  const mapping = (one) => {
    const name = one.id ? `${one.id}${one.use ? ` (${one.use})` : ""}` : one.path || "anonymous memory";
    const parts = [
      make("h3", {}, `${name}: ${size(one.size)} at ${hex(one.address)}`),
      make("p", {}, `${one.shared ? "Shared" : "Private"}${one.path && one.id ? `, ${one.path}` : ""}. ${one.meaning[0].toUpperCase()}${one.meaning.slice(1)}.`),
      make("p", { class: "note" }, `${one.because}${one.page_size ? `; pages of ${size(one.page_size)}` : ""}${one.resident === null ? "" : `; ${size(one.resident)} in memory`}${one.locked ? "; locked" : ""}.`),
    ];
    if (one.vm_flags.length) parts.push(make("details", {}, make("summary", {}, `VmFlags: ${one.vm_flags.map(([flag]) => flag).join(" ")}`), flagTerms(one.vm_flags, "letters")));
    return make("li", {}, ...parts);
  };
  const note = answer.given ? [] : [make("p", { class: "note" }, "Put QEMU's command line above the smaps text, and each mapping gets the name of its backend.")];
  const shown = [card("Memory of the process", ...note, make("ul", {}, ...smaps.mappings.map(mapping)))];
  if (smaps.findings.length) shown.push(card("Findings", findingItems(smaps.findings)));
  return shown;
};

const notes = (answer) => (answer.notes.length ? [card("How the text was read", list(answer.notes))] : []);
const repliesCard = (side) => (side.replies && side.replies.length ? [card("QMP replies", make("ol", { class: "replies" }, ...side.replies.map((one) => make("li", {}, make("code", {}, one)))))] : []);
// Two columns on a wide screen; one below the other, the picture before the calls, on a narrow one.
const columns = (left, right) => [make("div", { class: "column" }, ...left), make("div", { class: "column aside" }, ...right)];
const oneSide = (side) => {
  const [step, calls] = callsCard(side);
  const left = [card("What happens", ...happens(side)), ...adviceCards(side), ...repliesCard(side), calls || step, ...effectsCard(side)];
  const right = [...(calls ? [step] : []), ...memoryCard(side)];
  return right.length ? columns(left, right) : left;
};
const twoSides = (here, there, comparison) => {
  const column = (side) => make("div", {}, make("h3", {}, side.name), make("p", { class: "strong" }, side.verdict[1]), ...happens(side));
  const shown = [card("What happens", make("div", { class: "sides" }, column(here), column(there)))];
  if (!comparison || !here.steps || !there.steps) return shown;
  const differing = comparison.rows.filter(([equal]) => !equal).length;
  const count = differing === 1 ? "1 row differs" : `${differing} rows differ`;
  shown.push(card("System calls", make("p", { class: "note" }, `${here.name} and ${there.name}: ${differing ? count : "the same calls"}.`), pairList(here, there, comparison)));
  const drawn_ = (side) => make("div", {}, make("h3", {}, side.name), ...(side.steps.length ? [picture(side.steps[side.steps.length - 1].space)] : [make("p", {}, "No calls.")]));
  shown.push(card("Address space at the end", make("div", { class: "sides" }, drawn_(here), drawn_(there))));
  return shown;
};
const causes = (told) => told.causes.map((one) => make("li", {}, make("p", {}, one.cause), ...(one.fix ? [make("p", { class: "note" }, "Fix: ", make("code", {}, one.fix))] : []), ...(one.check ? [make("pre", { tabindex: 0 }, one.check)] : [])));
const errorCards = (answer) => {
  const told = answer.why;
  if (!told.known) return [card("Closest matches", told.nearest.length ? list(told.nearest) : make("p", {}, "None."))];
  return [
    ...(told.causes.length ? [card("Usual causes, the likeliest first", make("ol", { class: "causes" }, ...causes(told)))] : []),
    card("Where it comes from", make("p", {}, make("code", {}, told.function)), list(told.conditions), make("p", { class: "note" }, `Printed by ${answer.said_by}.`)),
  ];
};
const traceCards = (answer) => {
  const { check } = answer;
  const parts = [make("p", {}, `${check.matched} calls match, ${check.ignored} belong to no backend.`)];
  if (check.reason) parts.push(make("p", {}, check.reason));
  if (answer.tried.length > 1) parts.push(make("p", {}, answer.conforming.length ? `Conforms to: ${answer.conforming.join(", ")}.` : `Conforms to none of ${answer.tried.length} revisions; the nearest is shown.`));
  const shown = [card("Verdict", ...parts)];
  if (check.divergences.length) {
    const items = check.divergences.slice(0, 20).map((one, place) => make("li", {}, make("p", { class: "strong" }, one.line === null ? "At the end of the log" : `Line ${one.line}`), make("p", {}, answer.divergences[place] || one.because)));
    shown.push(card("Divergences", make("ol", { class: "causes" }, ...items)));
  }
  return shown;
};

const view = { answer: null };
const show = (answer) => {
  view.answer = answer;
  const results = $("results");
  const outcome = (tone, text, context) => {
    $("outcome").className = `outcome ${tone}`;
    $("headline").textContent = text;
    $("context").textContent = context;
  };
  results.className = "results";
  const starts = answer.starts || [];
  $("start-field").hidden = starts.length < 2;
  $("start").replaceChildren(...starts.map((when, place) => option(`${place + 1}`, `${place + 1} of ${starts.length}${when ? `, ${when}` : ""}`)));
  if (starts.length > 1) $("start").value = `${answer.start}`;
  if (answer.kind === "line") {
    const { here, there } = answer;
    const [tone, text] = here.verdict;
    outcome(tone, text, there ? `${here.name}. ${there.name}: ${there.verdict[1]}` : `${here.name}: ${here.meaning}`);
    results.replaceChildren(...notes(answer), ...(there ? twoSides(here, there, answer.comparison) : oneSide(here)));
    results.classList.toggle("split", results.querySelector(".column") !== null);
  } else if (answer.kind === "error") {
    outcome(...answer.verdict, answer.reason);
    results.replaceChildren(...errorCards(answer));
  } else if (answer.kind === "trace") {
    outcome(...answer.verdict, `${answer.check.matched} calls match`);
    results.replaceChildren(...traceCards(answer));
  } else if (answer.kind === "smaps") {
    outcome(...answer.verdict, `${answer.smaps.mappings.length} mappings can be guest memory`);
    results.replaceChildren(...smapsCards(answer));
  } else {
    outcome(answer.tone || "plain", answer.text || "Type or paste a QEMU line, a log, a trace, smaps or an error message", answer.about || "");
    results.replaceChildren();
  }
};

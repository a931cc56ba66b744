// What the reader does: text, choices, examples, theme; each changes the link and the answer.
const data = JSON.parse($("document").textContent);
let state = emptyState();
let linkTimer = null;

const againstValue = () => {
  const { against } = state;
  if (!against) return "";
  const [key, value] = Object.entries(against)[0];
  return key === "text" ? "text" : `${key}:${value}`;
};
const fill = () => {
  if ($("text").value !== state.text) $("text").value = state.text;
  document.querySelector(".printed").textContent = state.text;
  if ($("qmp").value !== state.qmp) $("qmp").value = state.qmp;
  if (state.qmp) $("qmp-field").open = true;
  $("revision").value = state.revision;
  $("host").value = state.host;
  $("against").value = againstValue();
  const second = state.against && state.against.text !== undefined;
  $("second-field").hidden = !second;
  if (second && $("second").value !== state.against.text) $("second").value = state.against.text;
  const chosen = data.examples.findIndex((one) => same(cleaned(one.request), state));
  document.querySelectorAll("#examples a").forEach((link, place) => {
    if (place === chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
  $("about").textContent = chosen < 0 ? "" : data.examples[chosen].about;
  return chosen;
};
const shownIsStored = () => same(state, cleaned(data.examples[0].request));
const request = () => ({ ...state });
const update = (changes, remember = true) => {
  state = { ...state, ...changes };
  const chosen = fill();
  if (shownIsStored() && !model.ready) {
    model.waiting = null;
    show(data.first);
    performance.mark("first answer");
  } else ask(request());
  if (!remember) return;
  clearTimeout(linkTimer);
  linkTimer = setTimeout(async () => history.replaceState(null, "", await toLink(state)), 150);
};
const follow = async () => {
  const given = await fromLink(location.hash);
  if (given) update(given, false);
  else if (!location.hash || location.hash === "#") update(cleaned(data.examples[0].request), false);
};

const option = (value, text) => make("option", { value }, text);
const group = (label, kind, rows) => make("optgroup", { label }, ...rows.map(([name]) => option(`${kind}:${name}`, name)));
const fillChoices = () => {
  $("revision").append(option("", "as the text says"), ...data.revisions.map(([name, meaning]) => option(name, `${name}: ${meaning}`)));
  $("host").append(option("", "none given"), ...data.hosts.map(([name, title]) => option(name, `${name}: ${title}`)));
  $("against").append(option("", "nothing"), option("text", "a second line"), group("Another QEMU", "revision", data.revisions), group("Another host", "host", data.hosts));
  $("examples").querySelector("ul").append(...data.examples.map((one, place) => {
    const link = make("a", { href: "#" }, one.title);
    toLink(cleaned(one.request)).then((address) => { link.href = address; });
    link.addEventListener("click", (event) => {
      event.preventDefault();
      update(cleaned(data.examples[place].request));
    });
    return make("li", {}, link);
  }));
};
const listen = () => {
  $("form").addEventListener("submit", (event) => event.preventDefault());
  $("text").addEventListener("input", () => update({ text: $("text").value, start: 0 }));
  $("qmp").addEventListener("input", () => update({ qmp: $("qmp").value }));
  $("start").addEventListener("change", () => update({ start: Number($("start").value) }));
  $("second").addEventListener("input", () => update({ against: { text: $("second").value } }));
  for (const key of ["revision", "host"]) $(key).addEventListener("change", () => update({ [key]: $(key).value }));
  $("against").addEventListener("change", () => {
    const [kind, ...rest] = $("against").value.split(":");
    if (!kind) update({ against: null });
    else if (kind === "text") update({ against: { text: state.text } });
    else update({ against: { [kind]: rest.join(":") } });
  });
  $("clear").addEventListener("click", () => { update({ text: "", against: null, start: 0, qmp: "" }); $("text").focus(); });
  $("file").addEventListener("change", async () => {
    const [file] = $("file").files;
    if (file) update({ text: await file.text(), start: 0 });
    $("file").value = "";
  });
  window.addEventListener("hashchange", follow);
  $("copy-link").addEventListener("click", async () => {
    const address = new URL(await toLink(state), location.href).href;
    history.replaceState(null, "", address);
    try {
      await navigator.clipboard.writeText(address);
      $("copied").textContent = "Copied.";
    } catch {
      $("copied").textContent = "This browser does not copy; the address bar has the link.";
    }
  });
};
const themes = () => {
  const radios = document.querySelectorAll("input[name=theme]");
  const set = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  let kept = "system";
  try {
    kept = localStorage.getItem("qemu-model-theme") || "system";
  } catch { /* a browser may forbid it for files; the theme is then not kept */ }
  for (const radio of radios) {
    radio.checked = radio.value === kept;
    radio.addEventListener("change", () => {
      set(radio.value);
      try {
        localStorage.setItem("qemu-model-theme", radio.value);
      } catch { /* not kept */ }
    });
  }
  set(kept);
};
// For programs and tests: ask a question and get the answer that is shown.
window.explorer = {
  ask: (given) => new Promise((done) => {
    model.answered = (answer) => { model.answered = null; done(answer); };
    update(cleaned(given));
  }),
  get answer() { return view.answer; },
};
// In the frame of another page only the question and the answer are shown.
if (window !== window.top) document.documentElement.dataset.embedded = "";
themes();
fillChoices();
listen();
follow();
document.addEventListener("DOMContentLoaded", startModel);

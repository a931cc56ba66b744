"use strict";
(async () => {
  const $ = (id) => document.getElementById(id);
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  };
  const drawn = (name, attributes = {}, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  // The data: four bytes of length, the JSON text, and for each backend the places of its runs.
  const unpack = async () => {
    const packed = Uint8Array.from(atob($("data").textContent.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = await new Response(stream).arrayBuffer();
    const view = new DataView(bytes);
    const length = view.getUint32(0, true);
    const data = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
    let place = 4 + length;
    for (const backend of data.backends) {
      const start = place;
      backend.place = (number) => view.getUint32(start + 4 * number, true);
      place += 4 * backend.count;
    }
    return data;
  };
  const data = await unpack();

  // What is chosen: one key for each control, and backend, host, rev, vs.
  const backendOf = (state) => data.backends.find((one) => one.key === state.backend);
  const hostOf = (state) => data.hosts.find((one) => one.key === state.host);
  const keyOr = (list, key, otherwise = list[0].key) => (list.some((one) => one.key === key) ? key : otherwise);
  const complete = (wanted) => {
    const state = { backend: keyOr(data.backends, wanted.backend) };
    for (const control of backendOf(state).controls) {
      state[control.key] = keyOr(control.choices, wanted[control.key]);
    }
    state.host = keyOr(data.hosts, wanted.host);
    state.rev = keyOr(data.revisions, wanted.rev, keyOr(data.revisions, "v8"));
    const [kind, key] = (wanted.vs || "").split(":");
    const others = { rev: data.revisions, host: data.hosts }[kind];
    state.vs = others && others.some((one) => one.key === key) ? wanted.vs : "";
    return state;
  };
  const otherOf = (state) => {
    if (!state.vs) return null;
    const [kind, key] = state.vs.split(":");
    return { ...state, [kind]: key };
  };
  const fromHash = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const toHash = (state) => `#${new URLSearchParams(Object.entries(state).filter(([, value]) => value))}`;

  const runOf = (state) => {
    const backend = backendOf(state);
    let place = data.hosts.findIndex((one) => one.key === state.host);
    for (const control of backend.controls) {
      place = place * control.choices.length + control.choices.findIndex((one) => one.key === state[control.key]);
    }
    place = place * data.revisions.length + data.revisions.findIndex((one) => one.key === state.rev);
    return data.runs[backend.place(place)];
  };
  const reasonOf = (state) => {
    const backend = backendOf(state);
    let place = data.hosts.findIndex((one) => one.key === state.host);
    for (const key of backend.asking) {
      const { choices } = backend.controls.find((one) => one.key === key);
      place = place * choices.length + choices.findIndex((one) => one.key === state[key]);
    }
    place = place * data.revisions.length + data.revisions.findIndex((one) => one.key === state.rev);
    return data.reasons[backend.reasons[place]] || null;
  };
  const objectOf = (state) => {
    const backend = backendOf(state);
    const path = backend.has_path ? `,mem-path=${hostOf(state).mem_path}` : "";
    const added = backend.controls.map((control) => control.choices.find((one) => one.key === state[control.key]).fragment);
    return `${backend.type},id=m0${path}${added.join("")}`;
  };
  const stderrOf = (run, state) => run.stderr.map((text) => text.replaceAll("{object}", objectOf(state)));
  const ownProfile = (state) => {
    const host = hostOf(state);
    return host.device || !state.path ? null : host.profiles[state.path] || null;
  };
  const commandOf = (state) => {
    const host = ownProfile(state) ? "explorer.json" : state.host;
    return `qemu-model run --revision ${state.rev} --host sim:${host} -object ${objectOf(state)}`;
  };
  // The run in the form of `qemu-model run --json`, for programs.
  const jsonOf = (state) => {
    const run = runOf(state);
    if (run.refused) return { refused: run.refused };
    const events = run.calls.map((place) => {
      const [, , clause, event] = data.calls[place];
      return { ...event, why: data.clauses[clause][0] };
    });
    const { exit, mappings, leaks, map_sync } = run;
    const json = { revision: state.rev, exit, stderr: stderrOf(run, state), events, mappings, leaks, map_sync };
    return run.livelock ? { ...json, livelock: run.livelock } : json;
  };

  // Words
  const UNITS = [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10], ["bytes", 1]];
  const size = (bytes) => {
    const parts = [];
    let rest = bytes;
    for (const [name, unit] of UNITS) {
      const count = Math.floor(rest / unit);
      if (count) parts.push(`${count} ${name}`);
      rest -= count * unit;
    }
    return parts.join(" + ") || "0 bytes";
  };
  const hex = (number) => `0x${number.toString(16)}`;
  const outcomeOf = (run) => {
    if (run.refused) return ["bad", "Linux would kill QEMU here"];
    if (run.livelock) return ["bad", `QEMU never ends: it stays in ${run.livelock}()`];
    if (run.exit < 0) return ["bad", "QEMU aborts"];
    if (run.exit) return ["bad", "QEMU stops with an error"];
    if (run.map_sync.in_force) return ["good", "MAP_SYNC holds"];
    if (run.map_sync.requested) return ["warn", "MAP_SYNC was refused: mapped without it"];
    return ["plain", "The kernel was not asked for MAP_SYNC"];
  };
  const revisionOf = (state) => data.revisions.find((one) => one.key === state.rev);
  const sideName = (state) => `${state.rev} on ${state.host}`;

  // The calls
  const marked = (text) => {
    const shown = [];
    for (const part of text.split(/(MAP_SHARED_VALIDATE|MAP_SYNC|\|)/)) {
      if (part === "|") shown.push("|", make("wbr"));
      else shown.push(part.startsWith("MAP_S") && part !== "MAP_SHARED" ? make("mark", {}, part) : part);
    }
    return shown;
  };
  const callElement = (call, number) => {
    const [text, answer, clause, event] = call;
    const [why, rule, certainty] = data.clauses[clause];
    const failed = event.errno !== null;
    const shown = make("div", { class: "call" }, make("span", { class: "number" }, `${number}`));
    const line = make("div", { class: "text" }, ...marked(text), " ");
    line.append(make("span", { class: `answer ${failed ? "failed" : "fine"}` }, `= ${answer}`));
    const reason = make("div", { class: "why", title: rule }, why);
    if (certainty && certainty !== "measured") {
      const words = { letter: "the letter says so", inferred: "inferred" };
      reason.append(" ", make("span", { class: "certainty" }, words[certainty] || certainty));
    }
    shown.append(line, reason);
    return shown;
  };
  // A run without end is shown up to where it begins again.
  const period = (run) => {
    const calls = run.calls || [];
    if (!run.livelock) return calls.length;
    for (let length = 1; length < calls.length; length += 1) {
      if (calls.every((place, number) => place === calls[number % length])) return length;
    }
    return calls.length;
  };
  const callsOf = (run) => (run.calls || []).slice(0, period(run)).map((place) => data.calls[place]);
  const AGAIN = "And again from the first call, without end.";
  const showCalls = (list, run) => {
    let by = null;
    callsOf(run).forEach((call, place) => {
      const item = make("li");
      if (call[3].by !== by) item.append(make("div", { class: "by" }, call[3].by));
      by = call[3].by;
      item.append(callElement(call, place + 1));
      list.append(item);
    });
    if (run.livelock) list.append(make("li", { class: "again" }, AGAIN));
  };
  // Two runs may have the same calls at other addresses: these count as the same.
  const comparable = (calls) => {
    const names = new Map();
    const name = (address) => {
      if (!names.has(address)) names.set(address, `@${names.size}`);
      return names.get(address);
    };
    return calls.map(([text, answer, , event]) => `${event.by} ${text} = ${answer}`.replace(/0x[0-9a-f]{6,}/g, name));
  };
  const align = (here, there) => {
    const a = comparable(here);
    const b = comparable(there);
    const longest = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
    for (let i = a.length - 1; i >= 0; i -= 1) {
      for (let j = b.length - 1; j >= 0; j -= 1) {
        longest[i][j] = a[i] === b[j] ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
      }
    }
    const rows = [];
    let [left, right] = [[], []];
    const differing = () => {
      while (left.length || right.length) {
        const pair = left.length && right.length && here[left[0]][3].call === there[right[0]][3].call;
        const alone = left.length && !right.some((place) => there[place][3].call === here[left[0]][3].call);
        const leftOne = pair || alone || !right.length ? left.shift() : null;
        const rightOne = pair || leftOne === null ? right.shift() : null;
        rows.push({ same: false, here: leftOne, there: rightOne });
      }
    };
    let [i, j] = [0, 0];
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i] === b[j]) {
        differing();
        rows.push({ same: true, here: i, there: j });
        i += 1;
        j += 1;
      } else if (j >= b.length || (i < a.length && longest[i + 1][j] >= longest[i][j + 1])) {
        left.push(i);
        i += 1;
      } else {
        right.push(j);
        j += 1;
      }
    }
    differing();
    return rows;
  };
  const showPairs = (list, run, other, names) => {
    const here = callsOf(run);
    const there = callsOf(other);
    const rows = align(here, there);
    let by = null;
    for (const row of rows) {
      const first = row.here === null ? there[row.there] : here[row.here];
      const item = make("li");
      if (first[3].by !== by) item.append(make("div", { class: "by" }, first[3].by));
      by = first[3].by;
      const cell = (which, calls, place, name) => {
        const label = make("div", { class: row.same ? "tag hidden" : "tag" }, name);
        if (place === null) return make("div", { class: `cell ${which} nothing` }, label, "no such call");
        return make("div", { class: `cell ${which}` }, label, callElement(calls[place], place + 1));
      };
      item.append(
        make("div", { class: `pair ${row.same ? "same" : "differs"}` }, cell("here", here, row.here, names[0]), cell("there", there, row.there, names[1])),
      );
      list.append(item);
    }
    for (const [one, name] of [[run, names[0]], [other, names[1]]]) {
      if (one.livelock) list.append(make("li", { class: "again" }, `${name}: ${AGAIN}`));
    }
    return rows.filter((row) => !row.same).length;
  };

  // The mapping
  const KINDS = {
    block: ["the block", ""],
    guard: ["guard page", ", no access"],
    back: ["given back", ""],
  };
  const picture = (run, name) => {
    const { parts, align: alignment } = run.picture;
    const height = { block: 96, guard: 46, back: 46 };
    const total = parts.reduce((sum, [kind]) => sum + height[kind], 0);
    const svg = drawn("svg", { class: "picture", viewBox: `0 0 344 ${total + 26}`, role: "img" });
    const id = `picture-${name}`;
    svg.setAttribute("aria-labelledby", `${id}-title ${id}-text`);
    const words = parts.map(([kind, address, length]) => `${hex(address)}: ${size(length)}, ${KINDS[kind].join("")}`);
    svg.append(
      drawn("title", { id: `${id}-title` }, "The addresses that QEMU reserved, the lowest first"),
      drawn("desc", { id: `${id}-text` }, `${words.join("; ")}. Alignment ${size(alignment)}.`),
    );
    const pattern = drawn("pattern", { id: "hatch", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    pattern.append(drawn("line", { class: "hatch", x1: 0, y1: 0, x2: 0, y2: 8 }));
    svg.append(drawn("defs", {}, pattern));
    let y = 14;
    for (const [kind, address, length] of parts) {
      const tall = height[kind];
      svg.append(
        drawn("line", { class: "tick", x1: 0, x2: 112, y1: y, y2: y }),
        drawn("text", { class: "address", x: 0, y: y - 3 }, hex(address)),
        drawn("rect", { class: kind, x: 112, y: y + 1, width: 72, height: tall - 2, rx: 3 }),
        drawn("text", { class: "strong", x: 194, y: y + tall / 2 - 2 }, KINDS[kind][0]),
        drawn("text", { x: 194, y: y + tall / 2 + 14 }, size(length) + KINDS[kind][1]),
      );
      if (kind === "block") {
        if (address % alignment === 0) {
          svg.append(
            drawn("path", { class: "pointer", d: `M 186 ${y} h 6` }),
            drawn("text", { class: "pointing", x: 194, y: y + 5 }, `multiple of ${size(alignment)}`),
          );
        }
        if (run.map_sync.in_force) svg.append(drawn("text", { class: "inside", x: 148, y: y + tall / 2 + 4, "text-anchor": "middle" }, "SYNC"));
      }
      y += tall;
    }
    const [, last, length] = parts[parts.length - 1];
    svg.append(drawn("line", { class: "tick", x1: 0, x2: 112, y1: y, y2: y }), drawn("text", { class: "address", x: 0, y: y + 11 }, hex(last + length)));
    return svg;
  };
  const flagList = (names, meanings, strong, more = "") => {
    const list = make("dl", { class: `flags ${more}` });
    for (const name of names) {
      const important = strong.includes(name) ? "strong" : null;
      list.append(make("dt", { class: important }, name), make("dd", { class: important }, meanings[name] || ""));
    }
    return list;
  };
  const showMapping = (run, state, name) => {
    const shown = make("div", { class: "mapping" });
    if (name !== "only") shown.append(make("p", { class: "side-title" }, make("b", {}, sideName(state))));
    const mapping = (run.mappings || [])[0];
    const calls = callsOf(run).filter((call) => call[3].call === "mmap" && call[3].args.flags.includes("MAP_FIXED"));
    if (!run.picture) {
      shown.append(make("p", { class: "note" }, "No address was reserved."));
      return shown;
    }
    const { parts, align: alignment } = run.picture;
    const reserved = parts.reduce((sum, [, , length]) => sum + length, 0);
    shown.append(picture(run, name));
    shown.append(
      make("p", { class: "note" }, mapping || parts.some(([kind]) => kind === "block")
        ? `Reserved: ${size(reserved)}, size and alignment together. Not to scale.`
        : `Reserved: ${size(reserved)}, and given back, since nothing could be mapped there.`),
    );
    if (calls.length) {
      const last = calls[calls.length - 1];
      shown.append(make("h3", {}, last[3].errno ? `Flags of the mmap that failed (${last[3].errno})` : "Flags of the mmap that holds"));
      shown.append(flagList(last[3].args.flags, data.flags, ["MAP_SYNC", "MAP_SHARED_VALIDATE"]));
    }
    if (mapping && mapping.vm_flags) {
      shown.append(make("h3", {}, "VmFlags, as smaps shows them"));
      shown.append(flagList(mapping.vm_flags, data.vm_flags, ["sf"], "letters"));
    }
    return shown;
  };

  // What is said
  const said = (run, state, compare) => {
    const shown = make("div");
    if (compare) shown.append(make("p", { class: "side-title" }, make("b", {}, sideName(state)), `: ${outcomeOf(run)[1]}`));
    if (run.refused) {
      shown.append(make("p", {}, run.refused));
      return shown;
    }
    const reason = reasonOf(state);
    if (!run.exit && !run.livelock) {
      const why = reason && !run.map_sync.in_force ? ` Why: ${reason[0]}.` : "";
      shown.append(make("p", {}, `${run.sentence}.${why}`));
      if (reason) shown.append(make("p", {}, `If the host crashes: ${reason[1]}.`));
    }
    const lines = stderrOf(run, state);
    const ended = run.livelock
      ? "The loop has no end; only a signal ends it."
      : run.exit < 0 ? "It ends with SIGABRT, status 134 in a shell." : `Exit status ${run.exit}.`;
    shown.append(make("p", {}, `${ended} ${lines.length ? "On stderr:" : "Nothing on stderr."}`));
    lines.forEach((line, place) => {
      shown.append(make("pre", { class: "stderr" }, line));
      const message = data.messages[run.said[place]];
      if (!message) return;
      const by = message.functions[state.rev] || message.function;
      const when = make("ul", { class: "when" }, ...message.conditions.map((text) => make("li", {}, text)));
      shown.append(make("p", { class: "note" }, "Said by ", make("code", {}, by), ". When:"), when);
    });
    const { fds, mappings, strings, files } = run.leaks;
    const left = [[fds, "descriptor"], [mappings, "mapping"], [strings, "string"]]
      .filter(([count]) => count)
      .map(([count, what]) => `${count} ${what}${count > 1 ? "s" : ""}`)
      .concat(files.map((file) => `the file ${file}`));
    if (left.length) shown.append(make("p", {}, `Left behind by QEMU: ${left.join(", ")}.`));
    return shown;
  };

  const show = (state) => {
    const run = runOf(state);
    const other = otherOf(state);
    const otherRun = other && runOf(other);
    const [kind, words] = outcomeOf(run);
    $("outcome").className = `outcome ${kind}`;
    $("headline").textContent = words;
    const against = other ? (run === otherRun ? `; the same with ${sideName(other)}` : `; ${sideName(other)}: ${outcomeOf(otherRun)[1]}`) : "";
    $("context").textContent = `${sideName(state)}${against}`;
    $("results").classList.toggle("comparing", Boolean(other));
    const pieces = commandOf(state).split(/(?<=[, ])/);
    $("line").replaceChildren(...pieces.flatMap((piece) => [make("span", {}, piece), make("wbr")]));
    const profile = ownProfile(state);
    $("profile").hidden = !profile;
    $("profile").querySelector("pre").textContent = profile ? JSON.stringify(profile, null, 2) : "";
    const sides = make("div", { class: "sides" }, said(run, state, other));
    if (other) sides.append(said(otherRun, other, true));
    $("said").replaceChildren(sides);
    const list = $("calls");
    list.replaceChildren();
    if (other) {
      const differing = showPairs(list, run, otherRun, [sideName(state), sideName(other)]);
      const count = differing === 1 ? "1 row differs" : `${differing} rows differ`;
      $("calls-note").textContent = `${sideName(state)}, and ${sideName(other)}: ${differing ? count : "the same calls"}.`;
    } else {
      showCalls(list, run);
      const count = callsOf(run).length;
      $("calls-note").textContent = count ? `${count} calls, under the C function that makes them.` : "None: QEMU stops before its first one.";
    }
    $("mappings").replaceChildren(showMapping(run, state, other ? "here" : "only"));
    if (other) $("mappings").append(showMapping(otherRun, other, "there"));
    const host = hostOf(state);
    const evidence = { "live test": "measured on a real machine", guest: "measured in a virtual machine", documentation: "from the documentation and source of Linux" };
    $("host-note").textContent = `${host.title}. Its answers are ${evidence[host.evidence] || host.evidence}.`;
  };

  // The form
  let state;
  const choose = (changes) => {
    state = complete({ ...state, ...changes });
    history.replaceState(null, "", toHash(state));
    update();
  };
  const select = (element, options, value) => {
    element.replaceChildren(...options.map(([key, label]) => make("option", { value: key, selected: key === value }, label)));
  };
  const radios = (field, name, choices, value) => {
    const row = make("div", { class: "row" });
    for (const { key, label } of choices) {
      row.append(make("label", {}, make("input", { type: "radio", name, value: key, checked: key === value }), make("span", {}, label)));
    }
    field.append(row);
  };
  const controlElement = (control, value, disabled) => {
    const note = make("p", { class: "note", id: `${control.key}-note` }, disabled ? "On this host every path is the device." : control.help);
    const described = note.textContent ? note.id : null;
    if (control.choices.length <= 4 && control.choices.every((one) => one.label.length < 10)) {
      const wide = control.choices.length > 2 ? " wide" : "";
      const field = make("fieldset", { class: `field segments${wide}`, "aria-describedby": described }, make("legend", {}, control.label));
      radios(field, control.key, control.choices, value);
      if (described) field.append(note);
      return field;
    }
    const chosen = make("select", { id: control.key, name: control.key, disabled, "aria-describedby": described });
    select(chosen, control.choices.map((one) => [one.key, one.label]), value);
    return make("div", { class: "field wide" }, make("label", { for: control.key }, control.label), chosen, ...(described ? [note] : []));
  };
  let built = "";
  const update = () => {
    const backend = backendOf(state);
    const shape = `${state.backend} ${hostOf(state).device}`;
    if (shape !== built) {
      const focused = document.activeElement && document.activeElement.name;
      $("controls").replaceChildren(
        ...backend.controls.map((control) => controlElement(control, state[control.key], control.key === "path" && hostOf(state).device)),
      );
      built = shape;
      if (focused && !document.activeElement.name) {
        const again = $("form").querySelector(`[name="${focused}"]`);
        if (again) again.focus();
      }
    }
    for (const field of $("form").elements) {
      if (!(field.name in state)) continue;
      if (field.type === "radio") field.checked = state[field.name] === field.value;
      else field.value = state[field.name];
    }
    for (const link of $("presets").querySelectorAll("a")) {
      if (toHash(complete(Object.fromEntries(new URLSearchParams(link.hash.slice(1))))) === toHash(state)) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    show(state);
  };
  const start = () => {
    radios($("backend"), "backend", data.backends.map((one) => ({ key: one.key, label: one.title })), "");
    select($("host"), data.hosts.map((one) => [one.key, one.key]), "");
    select($("rev"), data.revisions.map((one) => [one.key, `${one.key}: ${one.meaning}`]), "");
    const group = (label, kind, list) => make("optgroup", { label }, ...list.map((one) => make("option", { value: `${kind}:${one.key}` }, one.key)));
    $("vs").replaceChildren(make("option", { value: "" }, "nothing else"), group("Another revision", "rev", data.revisions), group("Another host", "host", data.hosts));
    $("presets").querySelector("ul").append(
      ...data.presets.map((preset) => make("li", {}, make("a", { href: toHash(complete(preset.state)) }, preset.title))),
    );
    $("form").addEventListener("change", (event) => choose({ [event.target.name]: event.target.value }));
    $("form").addEventListener("submit", (event) => event.preventDefault());
    window.addEventListener("hashchange", () => choose(complete(fromHash())));
    const copying = (button, text) => button.addEventListener("click", async () => {
      const before = button.textContent;
      try {
        await navigator.clipboard.writeText(text());
        button.textContent = "Copied";
      } catch {
        button.textContent = "This browser does not copy";
      }
      setTimeout(() => { button.textContent = before; }, 1500);
    });
    copying($("copy-line"), () => $("line").textContent);
    copying($("copy-link"), () => location.href);
    const themes = document.querySelectorAll("input[name=theme]");
    const setTheme = (theme) => {
      if (theme === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = theme;
    };
    let kept = "system";
    try {
      kept = localStorage.getItem("qemu-model-theme") || "system";
    } catch { /* a browser may forbid it for files; then the theme is not kept */ }
    for (const radio of themes) {
      radio.checked = radio.value === kept;
      radio.addEventListener("change", () => {
        setTheme(radio.value);
        try {
          localStorage.setItem("qemu-model-theme", radio.value);
        } catch { /* not kept */ }
      });
    }
    setTheme(kept);
    $("footer").textContent = `qemu-model ${data.version}: ${data.lines.toLocaleString("en")} answers, looked up in ${data.runs.length.toLocaleString("en")} different runs of the model. In the browser's console, explorer.json() gives the run shown as qemu-model run --json has it.`;
    $("main").hidden = false;
    choose(complete(fromHash()));
  };
  start();
  window.explorer = {
    json: (wanted = state) => jsonOf(complete(wanted)),
    command: (wanted = state) => commandOf(complete(wanted)),
    data,
  };
})().catch((error) => {
  const text = document.createElement("p");
  text.textContent = `This browser cannot unpack the page's data (${error.message}); one of 2023 or later can.`;
  document.body.append(text);
});

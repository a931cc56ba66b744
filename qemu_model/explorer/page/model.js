// The model: Python in a worker, so that the page never stops answering.
const PATIENCE = 20000;
const model = { worker: null, ready: false, failed: "", waiting: null, asked: 0, timer: null, parts: null, answered: null };
const partsOfPage = async () => {
  const site = $("parts");
  if (site) {
    const names = site.dataset.names.split(" ");
    const bytes = await Promise.all(names.map(async (name) => {
      const answer = await fetch(`${name}.bin`);
      if (!answer.ok) throw new Error(`${name}.bin: ${answer.status}`);
      return answer.arrayBuffer();
    }));
    return Object.fromEntries(names.map((name, place) => [name, bytes[place]]));
  }
  const given = {};
  for (const element of document.querySelectorAll("script[id^=part-]")) {
    given[element.id.slice(5)] = element.textContent;
  }
  return given;
};
const tellModel = (text) => { $("model").textContent = text; };
const startModel = async () => {
  model.ready = false;
  tellModel("Loading the model: Python starts in this page, which takes a few seconds.");
  try {
    model.parts ||= await partsOfPage();
    const source = $("worker");
    const address = source ? URL.createObjectURL(new Blob([source.textContent], { type: "text/javascript" })) : "worker.js";
    model.worker = new Worker(address);
    model.worker.onmessage = heard;
    model.worker.onerror = (event) => stopped(event.message || "the worker did not start");
    model.worker.postMessage({ load: model.parts });
  } catch (error) {
    stopped(error.message);
  }
};
const stopped = (why) => {
  model.failed = why;
  tellModel(`The model did not start in this browser: ${why}. A browser of 2023 or later can run it.`);
  if (!view.answer || view.answer.kind === "none" || !shownIsStored()) show({ kind: "none", tone: "bad", text: "The model did not start in this browser", about: "The examples that are stored in the page can still be read. The commands qemu-model run and qemu-model explain give the same answers." });
};
const heard = ({ data: told }) => {
  if (told.ready) {
    model.ready = true;
    document.documentElement.dataset.model = "ready";
    tellModel("The model is ready: answers follow as you type.");
    if (model.waiting) send(model.waiting);
    return;
  }
  if (told.id === undefined) { stopped(told.failed); return; }
  clearTimeout(model.timer);
  if (told.id !== model.asked) return;
  document.documentElement.dataset.answered = told.id;
  if (told.failed) show({ kind: "none", tone: "bad", text: `The model cannot answer this: ${lastLine(told.failed)}` });
  else show(JSON.parse(told.answer));
  if (model.answered) model.answered(view.answer);
};
const lastLine = (text) => text.trim().split("\n").pop();
const send = (request) => {
  model.waiting = null;
  model.asked += 1;
  clearTimeout(model.timer);
  model.timer = setTimeout(() => {
    model.worker.terminate();
    show({ kind: "none", tone: "bad", text: "The model took too long and was started again" });
    startModel();
  }, PATIENCE);
  model.worker.postMessage({ id: model.asked, request: JSON.stringify(request) });
};
const ask = (request) => {
  if (model.ready) { send(request); return; }
  model.waiting = request;
  if (model.failed) stopped(model.failed);
  else show({ kind: "none", tone: "plain waiting", text: "The answer follows when the model is loaded" });
};

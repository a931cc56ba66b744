"use strict";
// Pyodide refuses classic workers, and module workers do not start in a page opened from disk.
// Nothing here imports scripts, so it need not know.
self.importScripts = () => { throw new Error("no scripts are imported"); };

const fromBase64 = (text) => (Uint8Array.fromBase64
  ? Uint8Array.fromBase64(text)
  : Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
// In one file the parts are base64 text; on a site they come as bytes.
const unpacked = async (given) => {
  const bytes = typeof given === "string" ? fromBase64(given) : given;
  const packed = new Blob([bytes]).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
};
const imported = async (bytes) => {
  const address = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
  try {
    return await import(address);
  } finally {
    URL.revokeObjectURL(address);
  }
};

let answer = null;
const load = async (given) => {
  const names = Object.keys(given);
  const bytes = await Promise.all(names.map((name) => unpacked(given[name])));
  const parts = Object.fromEntries(names.map((name, place) => [name, bytes[place]]));
  // Pyodide asks for two files by address; both are here.
  const files = {
    "pyodide.asm.wasm": [parts.wasm, "application/wasm"],
    "library.zip": [parts.library, "application/zip"],
  };
  self.fetch = async (address) => {
    const [body, type] = files[String(address).split("/").pop()];
    return new Response(body, { headers: { "Content-Type": type } });
  };
  const { loadPyodide } = await imported(parts.loader);
  const { default: createPyodideModule } = await imported(parts.module);
  const lock = JSON.parse(new TextDecoder().decode(parts.lock));
  const python = await loadPyodide({
    createPyodideModule,
    indexURL: "https://page.invalid/",
    stdLibURL: "https://page.invalid/library.zip",
    lockFileContents: { info: lock.info, packages: {} },
  });
  python.unpackArchive(parts.packages, "zip");
  answer = python.runPython("from qemu_model.explorer.answers import answer_json; answer_json");
};

self.onmessage = async ({ data }) => {
  try {
    if (data.load) {
      await load(data.load);
      postMessage({ ready: true });
    } else {
      postMessage({ id: data.id, answer: answer(data.request) });
    }
  } catch (error) {
    postMessage({ id: data.id, failed: String(error && error.message || error) });
  }
};

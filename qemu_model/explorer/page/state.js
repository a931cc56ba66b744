// The question, and the link that keeps it: compressed JSON behind the # of the address.
const LONGEST_LINK = 200000;
const emptyState = () => ({ text: "", revision: "", host: "", against: null, start: 0, qmp: "" });
const cleaned = (given) => {
  const state = emptyState();
  if (!given || typeof given !== "object") return state;
  for (const key of ["text", "revision", "host", "qmp"]) {
    if (typeof given[key] === "string") state[key] = given[key];
  }
  if (state.revision && !data.revisions.some(([name]) => name === state.revision)) state.revision = "";
  if (state.host && !data.hosts.some(([name]) => name === state.host)) state.host = "";
  if (Number.isInteger(given.start) && given.start > 0) state.start = given.start;
  const other = given.against;
  if (other && typeof other === "object") {
    for (const key of ["revision", "host", "text"]) {
      if (typeof other[key] === "string") { state.against = { [key]: other[key] }; break; }
    }
  }
  return state;
};
const through = async (bytes, stream) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
const toLink = async (state) => {
  const bytes = await through(new TextEncoder().encode(JSON.stringify(state)), new CompressionStream("deflate-raw"));
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return `#q=${btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
};
const fromLink = async (link) => {
  if (!link.startsWith("#q=") || link.length > LONGEST_LINK) return null;
  try {
    const letters = atob(link.slice(3).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = await through(Uint8Array.from(letters, (one) => one.charCodeAt(0)), new DecompressionStream("deflate-raw"));
    return cleaned(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return null;
  }
};
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

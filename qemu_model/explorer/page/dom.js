// Elements and words. Text is always set as text: nothing pasted becomes markup.
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
const UNITS = [["TiB", 2 ** 40], ["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10], ["bytes", 1]];
const size = (bytes) => {
  const [name, unit] = UNITS.find(([, one]) => bytes % one === 0 && bytes >= one) || ["bytes", 1];
  return `${(bytes / unit).toLocaleString("en", { maximumFractionDigits: 2 })} ${name}`;
};
const hex = (number) => `0x${number.toString(16)}`;
const card = (title, ...children) => {
  const id = `card-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  return make("section", { class: "card", "aria-labelledby": id }, make("h2", { id }, title), ...children);
};
const list = (texts, kind = "plain-list") => make("ul", { class: kind }, ...texts.map((text) => make("li", {}, text)));

// The picture of the address space: one column for each reservation, the lowest address on top.
const KINDS = {
  reserved: ["reserved", "no access", 46],
  block: ["the block", "the guest's memory", 92],
  guard: ["guard", "no access", 40],
  back: ["unmapped", "", 36],
};
const COLUMN = 350;
const pictures = { count: 0 };
const picture = (space) => {
  pictures.count += 1;
  const id = `picture-${pictures.count}`;
  const heights = space.map(({ parts }) => parts.reduce((sum, [kind]) => sum + KINDS[kind][2], 0));
  const height = Math.max(60, ...heights) + 34;
  const width = COLUMN * Math.max(1, space.length);
  const svg = drawn("svg", { class: "picture", viewBox: `0 0 ${width} ${height}`, role: "img", style: `max-width:${width * 1.15}px`, "aria-labelledby": `${id}-title ${id}-text` });
  const words = space.map(({ align, parts }) => {
    const told = parts.map(([kind, address, length, sync]) => `${hex(address)}: ${size(length)} ${KINDS[kind][0]}${sync ? ", synchronous" : ""}`);
    return `${told.join("; ")}${align ? `; alignment ${size(align)}` : ""}`;
  });
  svg.append(
    drawn("title", { id: `${id}-title` }, "Address space of the backends, the lowest address on top"),
    drawn("desc", { id: `${id}-text` }, words.length ? `${words.join(". ")}.` : "Nothing is reserved."),
  );
  const hatch = `${id}-hatch`;
  const pattern = drawn("pattern", { id: hatch, width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(drawn("line", { class: "hatch", x1: 0, y1: 0, x2: 0, y2: 8 }));
  svg.append(drawn("defs", {}, pattern));
  if (!space.length) svg.append(drawn("text", { x: 8, y: 34 }, "Nothing is reserved."));
  space.forEach(({ align, parts }, number) => {
    const x = number * COLUMN;
    let y = 16;
    for (const [kind, address, length, sync] of parts) {
      const [name, more, tall] = KINDS[kind];
      const box = drawn("rect", { class: kind, x: x + 112, y: y + 1, width: 74, height: tall - 2, rx: 3 });
      if (kind === "guard" || kind === "reserved") box.setAttribute("style", `fill:url(#${hatch})`);
      svg.append(
        drawn("line", { class: "tick", x1: x, x2: x + 112, y1: y, y2: y }),
        drawn("text", { class: "address", x, y: y - 3 }, hex(address)),
        box,
        drawn("text", { class: "strong", x: x + 196, y: y + tall / 2 - 2 }, name),
        drawn("text", { x: x + 196, y: y + tall / 2 + 14 }, `${size(length)}${kind === "reserved" || kind === "guard" ? `, ${more}` : ""}`),
      );
      if (kind === "block" && sync) {
        svg.append(drawn("text", { class: "inside", x: x + 149, y: y + tall / 2 + 4, "text-anchor": "middle" }, "SYNC"));
      }
      if (kind === "block" && align && address % align === 0) {
        svg.append(drawn("text", { class: "pointing", x: x + 196, y: y + 13 }, `at a multiple of ${size(align)}`));
      }
      y += tall;
    }
    const [, last, length] = parts[parts.length - 1];
    svg.append(drawn("line", { class: "tick", x1: x, x2: x + 112, y1: y, y2: y }), drawn("text", { class: "address", x, y: y + 13 }, hex(last + length)));
  });
  return svg;
};

// One frame for every plot: axes with labels and units, marks, legend, tooltips, the points as a
// table. A mark is {x, y, low, high, ranked, text}; `text` is a list of [name, value].

const MARKERS = [
  "M-4.2 0A4.2 4.2 0 1 0 4.2 0A4.2 4.2 0 1 0 -4.2 0Z", "M-3.8 -3.8H3.8V3.8H-3.8Z",
  "M0 -5.4L5.4 0L0 5.4L-5.4 0Z", "M0 -5L5 4H-5Z", "M0 5L5 -4H-5Z",
  "M-1.7 -5H1.7V-1.7H5V1.7H1.7V5H-1.7V1.7H-5V-1.7H-1.7Z",
];
const COLOURS = 8;
const MOST_SERIES = 12;
const MOST_LISTED = 500;

function frame(box) {
  const width = Math.max(280, Math.min(960, box.clientWidth));
  const narrow = width < 560;
  const height = narrow ? 300 : 400;
  return { width, height, left: 60, right: width - 14, top: 14, bottom: height - 48, narrow };
}

// Room for the label and the ticks of the axis on the left.
function leave(area, y) {
  area.left = 36 + Math.max(0, ...y.ticks.map((tick) => textWidth(tickText(tick))));
}

function drawAxes(area, x, y) {
  const group = svg("g", { class: "axes" });
  for (const tick of y.ticks) {
    const at = y.place(tick);
    group.append(svg("line", { x1: area.left, x2: area.right, y1: at, y2: at, class: "gridline" }),
      svg("text", { x: area.left - 8, y: at + 4, "text-anchor": "end" }, tickText(tick)));
  }
  for (const tick of roomy(x, x.ticks)) {
    const at = x.place(tick);
    group.append(svg("line", { x1: at, x2: at, y1: area.bottom, y2: area.bottom + 5, class: "tick" }),
      svg("text", { x: at, y: area.bottom + 19, "text-anchor": "middle" }, tickText(tick)));
  }
  const middle = (area.top + area.bottom) / 2;
  group.append(
    svg("line", { x1: area.left, x2: area.right, y1: area.bottom, y2: area.bottom, class: "tick" }),
    svg("text", {
      x: (area.left + area.right) / 2, y: area.height - 8, "text-anchor": "middle", class: "label",
    }, x.label),
    svg("text", {
      transform: `translate(13 ${middle}) rotate(-90)`, "text-anchor": "middle", class: "label",
    }, y.label));
  return group;
}

function marker(n, mark, at) {
  return svg("path", {
    d: MARKERS[n % MARKERS.length], transform: `translate(${at[0]} ${at[1]})`,
    class: `mark c${n % COLOURS}` + (mark.ranked ? "" : " hollow"),
  });
}

function errorBar(n, mark, x, y) {
  const at = x.place(mark.x);
  const ends = [mark.low, mark.high].map((value) => {
    return y.place(y.log ? Math.max(value, y.low) : value);
  });
  if (!ends.every(Number.isFinite) || Math.abs(ends[0] - ends[1]) < 1) return null;
  return svg("path", {
    class: `bar c${n % COLOURS}`, d: `M${at} ${ends[0]}V${ends[1]}M${at - 3} ${ends[0]}h6M${at - 3} ${ends[1]}h6`,
  });
}

function path(points, x, y) {
  return points.map((one, n) => `${n ? "L" : "M"}${x.place(one.x)} ${y.place(one.y)}`).join("");
}

// series: [{name, marks, line}], roofs: [{name, points, n}]; `front` joins marks by steps.
function drawSeries(root, series, roofs, x, y) {
  const drawn = [];
  for (const roof of roofs) {
    root.append(svg("path", { d: path(roof.points, x, y), class: `roof c${roof.n % COLOURS}` }));
  }
  series.forEach((one, n) => {
    const joined = one.marks.filter((mark) => mark.ranked).sort((a, b) => a.x - b.x);
    if (one.line && joined.length > 1) {
      root.append(svg("path", { d: path(joined, x, y), class: `line c${n % COLOURS}` }));
    }
    for (const mark of one.marks) {
      const bar = errorBar(n, mark, x, y);
      if (bar) root.append(bar);
      const at = [x.place(mark.x), y.place(mark.y)];
      const node = marker(n, mark, at);
      root.append(node);
      drawn.push({ node, at, text: mark.text, name: mark.text.map((t) => t.join(" ")).join(", ") });
    }
  });
  return drawn;
}

function legend(series, roofs) {
  const entries = series.map((one, n) => el("li", {},
    svg("svg", { width: 26, height: 14, "aria-hidden": "true", viewBox: "-13 -7 26 14" },
      one.line ? svg("path", { d: "M-12 0H12", class: `line c${n % COLOURS}` }) : null,
      marker(n, { ranked: true }, [0, 0])), el("bdi", {}, one.name)));
  if (series.some((one) => one.marks.some((mark) => !mark.ranked))) {
    entries.push(el("li", {}, svg("svg", { width: 26, height: 14, "aria-hidden": "true", viewBox: "-13 -7 26 14" },
      marker(0, { ranked: false }, [0, 0])), "hollow: not ranked (INVALID, FAIL)"));
  }
  for (const roof of roofs.slice(0, 1)) {
    entries.push(el("li", {}, svg("svg", { width: 26, height: 14, "aria-hidden": "true", viewBox: "-13 -7 26 14" },
      svg("path", { d: "M-12 0H12", class: "roof muted" })), roof.name));
  }
  return el("ul", { class: "legend" }, entries);
}

function showTip(mark, root) {
  const tip = byId("tooltip");
  replace(tip, mark.text.map(([name, value]) => {
    return el("div", {}, el("span", { class: "tip-name" }, name), " ", el("b", {}, value));
  }));
  tip.hidden = false;
  const box = mark.node.getBoundingClientRect();
  const left = Math.min(box.left + 14, innerWidth - tip.offsetWidth - 8);
  const above = box.top - tip.offsetHeight - 8;
  tip.style.left = Math.max(8, left) + scrollX + "px";
  tip.style.top = (above < 8 ? box.bottom + 8 : above) + scrollY + "px";
  for (const one of root.querySelectorAll(".lit")) one.classList.remove("lit");
  mark.node.classList.add("lit");
}

function hideTip(root) {
  byId("tooltip").hidden = true;
  for (const one of root.querySelectorAll(".lit")) one.classList.remove("lit");
}

// Tooltips of the nearest mark for the pointer, of the next one for the arrow keys.
function listen(root, drawn) {
  let current = -1;
  root.addEventListener("pointermove", (event) => {
    const box = root.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    let nearest = null;
    let least = 26;
    for (const mark of drawn) {
      const inside = mark.box && px >= mark.box[0] && px < mark.box[2] && py >= mark.box[1] && py < mark.box[3];
      const away = inside ? 0 : Math.hypot(mark.at[0] - px, mark.at[1] - py);
      if (away < least) [nearest, least] = [mark, away];
    }
    if (nearest) showTip(nearest, root);
    else hideTip(root);
  });
  root.addEventListener("pointerleave", () => hideTip(root));
  root.addEventListener("blur", () => hideTip(root));
  root.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") hideTip(root);
    if (!step || !drawn.length) return;
    current = (current + step + drawn.length) % drawn.length;
    showTip(drawn[current], root);
    tell(drawn[current].name);
    event.preventDefault();
  });
}

// A picture with its text: what a screen reader says, legend, and the points as a table.
function figure(area, told, parts, drawn, below) {
  const root = svg("svg", {
    width: area.width, height: area.height, viewBox: `0 0 ${area.width} ${area.height}`,
    role: "img", tabindex: 0, class: "chart", "aria-label": told + " Arrow keys tell the points one by one.",
  }, parts);
  listen(root, drawn);
  return el("figure", {}, root, below, el("figcaption", {}, told), asTable(drawn));
}

function asTable(drawn) {
  if (!drawn.length) return null;
  const names = [...new Set(drawn.flatMap((mark) => mark.text.map(([name]) => name)))];
  const body = drawn.slice(0, MOST_LISTED).map((mark) => {
    const values = new Map(mark.text);
    return el("tr", {}, names.map((name) => el("td", {}, values.get(name) ?? "")));
  });
  const left = drawn.length > MOST_LISTED ? ` (the first ${MOST_LISTED})` : "";
  return el("details", { class: "points" }, el("summary", {}, `The points as a table${left}`),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "The points of the plot" },
      el("table", {}, el("thead", {}, el("tr", {}, names.map((n) => el("th", { scope: "col" }, n)))),
        el("tbody", {}, body))));
}

function nothing(why) {
  return el("p", { class: "nothing" }, why);
}

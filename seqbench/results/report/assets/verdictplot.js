// Verdicts of a comparison: each row's ratio with its interval.

const MOST_VERDICTS = 60;
const VERDICTS = ["SLOWER", "WORSE", "AMBIGUOUS", "FASTER", "BETTER", "SAME"];

// The first column of several names that the rows have.
function firstOf(sheet, names) {
  return names.find((name) => sheet.has(name));
}

const verdictPlot = {
  id: "verdicts", title: "Verdicts",
  fits: (sheet) => sheet.has("verdict"),
  draw(sheet, rows, box) {
    const ratio = firstOf(sheet, ["ratio", "effect", "change", "difference"]);
    const counts = [...grouped(rows, (row) => verdictOf(sheet, row))];
    const told = counts.map(([verdict, own]) => el("li", {}, badge(verdict), " " + own.length));
    const list = el("ul", { class: "legend" }, told);
    const usable = rows.filter((row) => ratio && Number.isFinite(sheet.number(ratio, row)));
    if (!usable.length) return [[], el("div", {}, list, nothing("No row that is left has a ratio."))];
    return [[], drawVerdicts(sheet, usable, ratio, box, list)];
  },
};

function verdictOrder(sheet, ratio) {
  const place = (row) => {
    const n = VERDICTS.indexOf(sheet.text("verdict", row));
    return n < 0 ? VERDICTS.length : n;
  };
  const effect = (row) => Math.abs(Math.log(Math.max(sheet.number(ratio, row), 1e-12)));
  return (a, b) => place(a) - place(b) || effect(b) - effect(a);
}

function verdictName(sheet, row, common) {
  if (sheet.key.length) {
    const own = sheet.text("label", row).split(", ").filter((part) => !common.has(part));
    const words = [own.join(", "), sheet.text("kernel_impl", row), sheet.text("metric", row), sheet.text("phase", row)];
    return words.filter(Boolean).join(" ");
  }
  const skip = /verdict|ratio|ci_|low|high|effect|^p$|p_value|base|new|unit|direction|state|margin|reason|n_/;
  const texts = [...sheet.columns.values()].filter((c) => !c.isNumber && !c.isConstant && !skip.test(c.name) && !/case_id|key/.test(c.name));
  const swept = [...sheet.columns.values()].filter((c) => c.isNumber && c.name.includes("p.") && !c.isConstant);
  const parts = [...texts, ...swept].map((column) => column.text(row)).filter((text) => text && text.length < 60);
  return parts.join(" ") || `row ${row + 1}`;
}

// What the labels of all rows say.
function commonParts(sheet, rows) {
  const parts = rows.map((row) => new Set(sheet.text("label", row).split(", ")));
  return new Set([...(parts[0] || [])].filter((part) => parts.every((one) => one.has(part))));
}

function drawVerdicts(sheet, rows, ratio, box, list) {
  const sorted = [...rows].sort(verdictOrder(sheet, ratio)).slice(0, MOST_VERDICTS);
  const lowName = firstOf(sheet, ["ratio_low", "ci_low", "low"]);
  const highName = firstOf(sheet, ["ratio_high", "ci_high", "high"]);
  const width = Math.max(280, Math.min(960, box.clientWidth));
  const common = commonParts(sheet, rows);
  const names = sorted.map((row) => verdictName(sheet, row, common));
  const left = Math.min(Math.max(...names.map((name) => textWidth(name))) + 18, width * 0.45);
  const area = { width, height: sorted.length * 24 + 62, left, right: width - 14, top: 8, bottom: sorted.length * 24 + 14 };
  const bounds = sorted.flatMap((row) => [1, ratio, lowName, highName].map((n) => (n === 1 ? 1 : n ? sheet.number(n, row) : NaN)));
  const log = bounds.filter(Number.isFinite).every((value) => value > 0);
  const label = log ? "ratio new/base, logarithmic" : ratio;
  const x = scale(bounds, left + 10, area.right - 10, { log, label, most: 6 });
  const y = { place: (n) => area.top + n * 24 + 14, ticks: [], label: "" };
  const root = svg("g", {});
  const even = x.place(1);
  root.append(svg("line", { x1: even, x2: even, y1: area.top, y2: area.bottom, class: "even" }));
  const drawn = sorted.map((row, n) => verdictMark(sheet, row, names[n], [ratio, lowName, highName], x, y.place(n), root, left));
  const more = rows.length > sorted.length ? ` The first ${MOST_VERDICTS} of ${rows.length}: filter to choose others.` : "";
  const told = `Ratio of new over base with its interval, what changed first; the line at 1 is no change.${more}`;
  return figure(area, told, [drawAxes(area, x, y), root], drawn, list);
}

function verdictMark(sheet, row, name, [ratio, lowName, highName], x, y, root, left) {
  const verdict = sheet.text("verdict", row);
  const tone = GOOD.has(verdict) ? "good" : NEUTRAL.has(verdict) || !verdict ? "neutral" : "bad";
  const [low, high] = [lowName, highName].map((n) => x.place(n ? sheet.number(n, row) : NaN));
  const node = svg("g", { class: "verdict " + tone },
    svg("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, fit(name, left - 14)),
    Number.isFinite(low) && Number.isFinite(high) ? svg("path", { d: `M${low} ${y}H${high}`, class: "bar" }) : null,
    svg("circle", { cx: x.place(sheet.number(ratio, row)), cy: y, r: 4.5 }));
  root.append(node);
  const text = [["row", name], ["verdict", verdict || "not judged"], ["ratio", number(sheet.number(ratio, row))]];
  if (lowName && highName) text.push(["interval", `[${number(sheet.number(lowName, row))}, ${number(sheet.number(highName, row))}]`]);
  return { node, text, at: [x.place(sheet.number(ratio, row)), y], box: [0, y - 12, x.place(x.high), y + 12], name: text.map((t) => t.join(" ")).join(", ") };
}

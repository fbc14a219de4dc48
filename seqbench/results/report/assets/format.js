// Numbers as people read them: significant digits, units scaled to the largest value.

const SCALES = {
  s: [[1, "s"], [1e-3, "ms"], [1e-6, "\u00b5s"], [1e-9, "ns"]],
  B: [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]],
  FLOP: [[1e12, "TFLOP"], [1e9, "GFLOP"], [1e6, "MFLOP"], [1, "FLOP"]],
};
const MINUS = "\u2212";

function scaleOf(unit, largest) {
  const steps = SCALES[unit];
  if (!steps || !(largest > 0)) return { factor: 1, unit: unit === "1" ? "" : unit };
  const [factor, name] = steps.find(([factor]) => largest >= factor) || steps[steps.length - 1];
  return { factor, unit: name };
}

// 1234.56 -> 1235, 0.0123456 -> 0.01235, 2e9 -> 2e9
function number(value, digits = 4) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "" : value > 0 ? "inf" : MINUS + "inf";
  if (Number.isInteger(value) && Math.abs(value) < 10 ** digits) return String(value).replace("-", MINUS);
  const size = Math.floor(Math.log10(Math.abs(value)));
  let text;
  if (size < -4 || size > 6) text = value.toExponential(digits - 1).replace(/\.?0+e\+?/, "e");
  else text = value.toFixed(Math.max(0, digits - 1 - size));
  if (!text.includes("e") && text.includes(".")) text = text.replace(/\.?0+$/, "");
  return text.replace(/-/g, MINUS);
}

function withUnit(value, unit) {
  return unit && unit !== "1" ? number(value) + "\u00a0" + unit : number(value);
}

// `decode bleu [BLEU]`; a unit of 1 is left out.
function header(metric, phase, unit) {
  const name = [metric, phase].filter(Boolean).join(" ");
  return unit && unit !== "1" ? name + " [" + unit + "]" : name;
}

function several(count, noun) {
  return count.toLocaleString("en") + " " + noun + (count === 1 ? "" : "s");
}

// `p.cell.hidden_size` -> `cell.hidden_size`
function title(name) {
  return name.startsWith("p.") ? name.slice(2) : name;
}

// As short as tells the names apart: `p.cell.name` -> `cell`, `p.cell.hidden_size` -> `hidden_size`.
function shortTitles(names) {
  const plain = names.map(title);
  const ends = names.map((name) => {
    if (!name.startsWith("p.")) return name;
    const words = name.split(".");
    return words.at(-1) === "name" ? words.at(-2) : words.at(-1);
  });
  const alone = (text) => ends.filter((end) => end === text).length === 1;
  return new Map(names.map((name, n) => [name, alone(ends[n]) ? ends[n] : plain[n]]));
}

function median(values) {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

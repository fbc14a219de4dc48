// Scales and ticks.

function linearTicks(low, high, most) {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const ticks = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) ticks.push(n * step);
  return ticks;
}

// Powers of ten, with 2 and 5 between them where there is room.
function logTicks(low, high, most) {
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  for (const within of [[1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]]) {
    const ticks = [];
    for (let power = from; power <= to; power++) {
      for (const one of within) ticks.push(one * 10 ** power);
    }
    const kept = ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
    if (kept.length <= most) return kept.length >= 2 ? kept : linearTicks(low, high, most);
  }
  const step = Math.ceil((to - from) / most);
  const ticks = [];
  for (let power = from; power <= to; power += step) ticks.push(10 ** power);
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

// {place(value), ticks, log, label}: `values` into [from, to]. `only` ticks at the values themselves.
function scale(values, from, to, { log = false, label = "", most = 6, only = false, zero = false }) {
  const known = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  let low = known.length ? Math.min(...known) : 1;
  let high = known.length ? Math.max(...known) : 10;
  if (log) [low, high] = low === high ? [low / 2, high * 2] : spread(low, high);
  else {
    if (zero && low > 0 && low < 0.5 * high) low = 0;
    const room = (high - low || Math.abs(high) || 1) * 0.06;
    low = low === 0 && zero ? 0 : low - room;
    high += room;
  }
  const f = log ? Math.log10 : (value) => value;
  const place = (value) => from + ((f(value) - f(low)) / (f(high) - f(low))) * (to - from);
  const distinct = [...new Set(known)].sort((a, b) => a - b);
  const ticks = only && distinct.length <= most ? distinct
    : log ? logTicks(low, high, most) : linearTicks(low, high, most);
  return { place, ticks, log, label, low, high };
}

function spread(low, high) {
  const room = (high / low) ** 0.06;
  return [low / room, high * room];
}

function tickText(tick) {
  return number(tick, 3);
}

// Ticks at whose labels the next one would not be written over.
function roomy(axis, ticks) {
  let last = -Infinity;
  return ticks.filter((tick) => {
    const at = axis.place(tick);
    const half = textWidth(tickText(tick)) / 2 + 4;
    if (at - half < last) return false;
    last = at + half;
    return true;
  });
}

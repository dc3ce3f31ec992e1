// Numbers, rates and durations for people; the same as collectd_fedmsg/humanize.py, held to it by
// tests/javascript/humanize-edges.json. By hand: the first Intl.NumberFormat takes as long as two charts.
const UNKNOWN = "–";
const known = (value) => typeof value === "number" && Number.isFinite(value);
const whole = (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");

// At most `significant` digits, never with an exponent, without trailing zeros.
export function digits(value, significant) {
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(significant));
  const decimals = Math.max(0, significant - 1 - Math.floor(Math.log10(Math.abs(rounded))));
  const text = rounded.toFixed(Math.min(decimals, 20));
  const [left, right = ""] = text.split(".");
  const rest = right.replace(/0+$/, "");
  return whole(Number(left)) + (rest ? `.${rest}` : "");
}

export function count(messages) {
  if (!known(messages)) return UNKNOWN;
  return Math.abs(messages) >= 9.995 ? whole(messages) : digits(messages, 3);
}

const SIZES = [
  [1e18, "E"],
  [1e15, "P"],
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];
export function short(number) {
  if (!known(number)) return UNKNOWN;
  for (const [size, unit] of SIZES) {
    if (Math.abs(number) >= (unit === "k" ? 9999.5 : 0.9995 * size)) return `${digits(number / size, 3)} ${unit}`;
  }
  return Math.abs(number) >= 99.5 ? whole(number) : digits(number, 2);
}

export function rate(perSecond) {
  if (!known(perSecond)) return UNKNOWN;
  const size = Math.abs(perSecond);
  const [seconds, unit] = size >= 0.0995 || size === 0 ? [1, "s"] : size >= 0.00995 ? [60, "min"] : [3600, "h"];
  const value = perSecond * seconds;
  return `${Math.abs(value) >= 99.95 ? whole(value) : digits(value, 3)}/${unit}`;
}

// Unit, seconds; the next smaller unit and its seconds; from how many on days, hours take over.
const SPANS = [
  ["min", 60, "s", 1, 120],
  ["h", 3600, "min", 60, 48],
  ["d", 86400, "h", 3600, Infinity],
];
export function duration(seconds) {
  if (!known(seconds)) return UNKNOWN;
  if (seconds < 0) return "0 s";
  if (seconds > 0 && seconds < 0.9995) return `${digits(seconds * 1000, seconds >= 0.01 ? 3 : 2)} ms`;
  if (seconds < 119.5) return `${seconds < 9.95 ? digits(seconds, 2) : Math.round(seconds)} s`;
  for (const [name, size, less, below, limit] of SPANS) {
    const small = Math.round(seconds / below) * below;
    if (small < 10 * size) {
      const rest = (small % size) / below;
      return `${Math.floor(small / size)} ${name}${rest ? ` ${rest} ${less}` : ""}`;
    }
    const big = Math.round(seconds / size);
    if (big < limit) return `${whole(big)} ${name}`;
  }
  return UNKNOWN;
}

export function ratio(factor) {
  if (!known(factor)) return UNKNOWN;
  return `${Math.abs(factor) >= 9.95 ? whole(factor) : digits(factor, 2)}×`;
}

// Steps of a series merged to as many columns as a panel can show; pure.

// Columns of a panel: a pixel or two each where a row holds three panels, and where it is one line.
export const MAX_COLUMNS = 240,
  MAX_COLUMNS_SLIM = 80;

// How many steps a column holds, and the columns' bounds in seconds, aligned so that they do not move with time.
export function columnsOf({ start, end, step }, [from, to], most = MAX_COLUMNS) {
  const first = Math.max(0, Math.floor((from - start) / step)),
    last = Math.min(Math.round((end - start) / step), Math.ceil((to - start) / step));
  const per = Math.max(1, Math.ceil((last - first) / most)),
    phase = Math.round(start / step) % per,
    bounds = [first];
  for (let i = first + per - ((first + phase) % per); i < last; i += per) bounds.push(i);
  if (last > first) bounds.push(last);
  return { bounds, per, times: bounds.map((index) => start + index * step) };
}

// Each column's mean, least and most of what is known in it; null where nothing is.
export function merge(points, { bounds }) {
  const mean = [],
    least = [],
    most = [];
  for (let i = 0; i + 1 < bounds.length; i += 1) {
    let count = 0,
      total = 0,
      low = Infinity,
      high = -Infinity;
    for (let k = bounds[i]; k < bounds[i + 1]; k += 1) {
      const value = points[k];
      if (value === null || value === undefined) continue;
      count += 1;
      total += value;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    mean.push(count ? total / count : null);
    least.push(count ? low : null);
    most.push(count ? high : null);
  }
  return { mean, least, most };
}

// Asks the page for ticks of many spans and returns those that do not name what the clock shows.
// March 29 and October 25, 2026: the hours that Berlin skips and has twice.
async () => {
    const { ticks } = await import(document.querySelector('script[src$="page.bundle.js"]').src.replace('page.bundle', 'axis'));
    const names = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' '), wrong = [];
    const two = (n) => String(n).padStart(2, '0');
    for (const shown of ['local', 'utc']) for (const day of [Date.UTC(2026, 2, 28, 22), Date.UTC(2026, 9, 24, 21)])
        for (const span of [60, 900, 3600, 21600, 86400, 604800, 2678400, 31622400]) for (const room of [250, 400, 1500]) {
            const from = day / 1000, { tickvals, ticktext } = ticks([from, from + span], room, 11, shown);
            const of = (name, date) => date[`get${shown === 'utc' ? 'UTC' : ''}${name}`]();
            const labels = tickvals.map((at) => {
                const date = new Date(at * 1000), [y, m, d, h, i, s] = ['FullYear', 'Month', 'Date', 'Hours', 'Minutes', 'Seconds'].map((name) => of(name, date));
                return [`${names[m]} ${y}`, `${names[m]} ${d}`, `${two(h)}:${two(i)}`, `${two(h)}:${two(i)}:${two(s)}`];
            });
            const good = tickvals.length >= 1 && tickvals.length <= room / 60 + 2
                && tickvals.every((at, i) => at >= from && at <= from + span && (i === 0 || at > tickvals[i - 1]))
                && ticktext.every((text, i) => text === '' || labels[i].includes(text)) && ticktext.some(Boolean);
            if (!good) wrong.push([shown, span, room, ticktext.join(' '), labels.map((times) => times[3]).join(' ')]);
        }
    return wrong;
}

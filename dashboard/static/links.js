// Where a link leads, the same span, zone and filters are shown: whichever way it is followed.
export function keepView(query) {
  for (const kind of ["click", "auxclick", "contextmenu"]) {
    document.addEventListener(
      kind,
      ({ target }) => {
        const link = target.closest?.(".name a, nav a, .top h1 a");
        if (link) link.search = query();
      },
      true,
    );
  }
}

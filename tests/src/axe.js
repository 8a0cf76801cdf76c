// Runs in the page, below axe-core, as the body of a function whose only argument takes what was found.
const done = arguments[0];

const main = async () => {
  // Colours that are on their way to others are nobody's choice.
  const ends = (animation) => animation.effect.getComputedTiming().endTime !== Infinity;
  await Promise.allSettled(document.getAnimations().filter(ends).map((animation) => animation.finished));

  const { violations, passes } = await axe.run();
  if (passes.length < 10) return ["axe-core has checked nothing"];
  return [...violations, ...(await onGradients())].flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
  );
};

// axe-core does not judge text on a gradient. It has to be readable on each of the gradient's colours.
const onGradients = async () => {
  const drawn = [...document.querySelectorAll("*")].map((element) => {
    const { backgroundImage, backgroundColor } = getComputedStyle(element);
    const own = [element.style.backgroundImage, element.style.backgroundColor];
    const colours = backgroundImage.includes("gradient") ? (backgroundImage.match(/rgba?\([^)]*\)/g) ?? []) : [];
    return { element, own, colours: [backgroundColor, ...colours] };
  });
  const gradients = drawn.filter(({ colours }) => colours.length > 1);
  const found = [];
  for (let at = 0; at < Math.max(0, ...gradients.map(({ colours }) => colours.length)); at++) {
    for (const { element, colours } of gradients) {
      const colour = colours[at] ?? colours[0];
      element.style.backgroundImage = "none";
      element.style.backgroundColor = colour === "rgba(0, 0, 0, 0)" ? colours[0] : colour;
    }
    const { violations } = await axe.run({ runOnly: ["color-contrast"] });
    found.push(...violations);
  }
  for (const { element, own } of gradients) {
    [element.style.backgroundImage, element.style.backgroundColor] = own;
  }
  return found;
};

main().then(done, (error) => done([`axe-core: ${error}`]));

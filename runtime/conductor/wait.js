// @ts-check

/**
 * The `wait` action: pauses a session outside of any step's container.
 *
 * @param {{ wait: number }} args milliseconds
 */
function main({ wait }) {
  return new Promise((resolve) => setTimeout(resolve, wait, {}));
}

module.exports = { main };

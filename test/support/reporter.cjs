const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/** Mocha's `spec`, and the counts in the file that `NUVOPIPE_TEST_COUNTS` names, for the line that ends `npm test`. */
module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      const file = process.env.NUVOPIPE_TEST_COUNTS;
      if (file) writeFileSync(file, JSON.stringify({ passed: passes, failed: failures, skipped: pending }));
    });
  }
};

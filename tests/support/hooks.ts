/**
 * Mocha's root hook. Mocha re-emits an unhandled rejection and then drops it, so a Pulumi program whose
 * registration fails would pass its tests. Here the first rejection seen during a test fails that test.
 */
const rejections: unknown[] = [];
process.on("unhandledRejection", (reason) => {
  rejections.push(reason);
});

export const mochaHooks = {
  afterEach(done: Mocha.Done) {
    setImmediate(() => {
      const [first] = rejections.splice(0);
      if (first === undefined) done();
      else done(first instanceof Error ? first : new Error(String(first)));
    });
  },
};

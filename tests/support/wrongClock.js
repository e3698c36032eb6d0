// Preloaded (node -r) by tests whose command is to run on a machine with a wrong clock: WRONG_BY_MS says by how much.
const wrongByMs = Number(process.env.WRONG_BY_MS);
const RightDate = Date;

globalThis.Date = class extends RightDate {
  constructor(...args) {
    if (args.length > 0) super(...args);
    else super(RightDate.now() + wrongByMs);
  }

  static now() {
    return RightDate.now() + wrongByMs;
  }
};

import { expect } from "chai";
import { makeNotificationTags } from "../../producer/notificationTags";

describe("a camera that notifies", () => {
  const fragments = [0, 2, 58, 61, 100, 121].map((seconds) => ({
    startMs: seconds * 1000,
    durationMs: 2000,
    sizeBytes: 1,
    frames: [],
  }));

  it("tags its first fragment and then one a minute, with the tag that the service looks for", () => {
    const tagsOf = makeNotificationTags();

    const tags = fragments.map(tagsOf);

    const notification = { name: "AWS_KINESISVIDEO_NOTIFICATION", value: "" };
    expect(tags).to.deep.equal([[notification], [], [], [notification], [], [notification]]);
  });

  it("tags what it sends again as it was, and nothing else", () => {
    const tagsOf = makeNotificationTags();
    const first = fragments.map(tagsOf);

    const again = fragments.map(tagsOf);

    expect(again).to.deep.equal(first);
  });
});

import { expect } from "chai";
import * as fc from "fast-check";
import { type Fragment, type Frame, makeFragmentCutter } from "../../producer/fragments";

function video(timeMs: number, keyframe = false): Frame {
  return { track: "video", timeMs, keyframe, bytes: new Uint8Array(10) };
}

function audio(timeMs: number): Frame {
  return { track: "audio", timeMs, keyframe: true, durationMs: 20, bytes: new Uint8Array(5) };
}

function cut(frames: Frame[]): Fragment[] {
  const cutter = makeFragmentCutter({ hasAudio: frames.some((frame) => frame.track === "audio") });
  return [...frames.flatMap((frame) => cutter.push(frame)), ...cutter.end()];
}

/** Every 100 ms from `fromMs`, with key frames at these times. */
function film(fromMs: number, untilMs: number, keysMs: number[]): Frame[] {
  const frames: Frame[] = [];
  for (let timeMs = fromMs; timeMs < untilMs; timeMs += 100) {
    frames.push(video(timeMs, keysMs.includes(timeMs)));
  }
  return frames;
}

function extents(fragments: Fragment[]): number[][] {
  return fragments.map(({ startMs, durationMs }) => [startMs, startMs + durationMs]);
}

describe("Cutting frames into fragments", () => {
  it("makes one fragment per key frame, the last one as long as its frames", () => {
    const frames = film(0, 5000, [0, 2000, 4000]);

    const fragments = cut(frames);

    expect(extents(fragments)).to.deep.equal([
      [0, 2000],
      [2000, 4000],
      [4000, 5000],
    ]);
    expect(fragments.flatMap((fragment) => fragment.frames)).to.deep.equal(frames);
    expect(fragments.map((fragment) => fragment.sizeBytes)).to.deep.equal([200, 200, 100]);
  });

  it("makes none shorter than a second, however many key frames there are", () => {
    const frames = film(0, 3000, [0, 300, 600, 900, 1200, 1500, 1800, 2100, 2400, 2700]);

    const fragments = cut(frames);

    expect(extents(fragments)).to.deep.equal([
      [0, 1200],
      [1200, 2400],
      [2400, 3000],
    ]);
  });

  it("gives sound to the fragment of its time, though the file has it early or late", () => {
    const [early, late] = [audio(2010), audio(1990)];
    const frames = [
      audio(0),
      ...film(0, 1900, [0]),
      early,
      video(1900),
      video(2000, true),
      late,
      video(2100),
      audio(2100),
    ];

    const [first, second] = cut(frames);

    expect(first?.frames).to.include(late).and.not.include(early);
    expect(second?.frames[0]).to.equal(early);
  });

  it("starts a fragment of an open group at the first picture shown, so that times never go back", () => {
    const leading = [video(1800), video(1900)];
    const frames = [...film(0, 1800, [0]), video(2000, true), ...leading, video(2100), video(2200)];

    const [first, second] = cut(frames);

    expect([first?.startMs, first?.durationMs]).to.deep.equal([0, 1800]);
    expect(second?.startMs).to.equal(1800);
    expect(second?.frames.map((frame) => frame.timeMs)).to.deep.equal([2000, 1800, 1900, 2100, 2200]);
  });

  it("joins a fragment without sound to the next, which has some", () => {
    const frames = [...film(0, 4000, [0, 2000]), audio(3990), ...film(4000, 6000, [4000]), audio(5000)];

    const fragments = cut(frames);

    expect(extents(fragments)).to.deep.equal([
      [0, 4000],
      [4000, 6000],
    ]);
  });

  it("leaves out what precedes the first key frame", () => {
    const frames = film(0, 3000, [1000]);

    const fragments = cut(frames);

    expect(fragments.flatMap((fragment) => fragment.frames)).to.deep.equal(frames.slice(10));
  });

  it("refuses a group of pictures of more than 20 s, with its time and a remedy", () => {
    const frames = film(0, 30_000, [0, 2000]);

    const act = () => cut(frames);

    expect(act).to.throw(/No key frame within 20 s after 2\.000 s.*-force_key_frames/);
  });

  it("takes a group of exactly 20 s", () => {
    const frames = film(0, 21_000, [0, 20_000]);

    const fragments = cut(frames);

    expect(fragments[0]?.durationMs).to.equal(20_000);
  });

  it("refuses a fragment of more than 50 MB", () => {
    const frames = [video(0, true), { ...video(40), bytes: new Uint8Array(50_000_000) }];

    const act = () => cut(frames);

    expect(act).to.throw(/at 0\.000 s is larger than 50 MB/);
  });

  it("refuses times that go back", () => {
    const frames = [...film(0, 5000, [0, 2000, 4000]), ...film(0, 2000, [0])];

    const act = () => cut(frames);

    expect(act).to.throw(/frame at 0\.000 s comes after 4\.000 s was reached/);
  });

  it("keeps every frame once, each fragment later than the one before, for any footage", () => {
    const gop = fc.record({ frames: fc.integer({ min: 1, max: 60 }), isOpen: fc.boolean() });
    const footage = fc.tuple(
      fc.array(gop, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 0, max: 400 }),
    );

    fc.assert(
      fc.property(footage, ([gops, audioLagMs]) => {
        const frames = interleave(gops, audioLagMs);

        const fragments = cut(frames);

        const sent = fragments.flatMap((fragment) => fragment.frames);
        for (const track of ["video", "audio"]) {
          const ofTrack = (frame: Frame) => frame.track === track;
          expect(sent.filter(ofTrack)).to.deep.equal(frames.filter(ofTrack));
        }
        let reachedMs = -1;
        for (const fragment of fragments) {
          const timesMs = fragment.frames.map((frame) => frame.timeMs);
          expect(Math.min(...timesMs))
            .to.equal(fragment.startMs)
            .and.be.greaterThan(reachedMs);
          reachedMs = Math.max(...timesMs);
        }
      }),
    );
  });
});

/** Groups of pictures of 40 ms frames, with sound that is written `audioLagMs` behind its time. */
function interleave(gops: { frames: number; isOpen: boolean }[], audioLagMs: number): Frame[] {
  const placed: { at: number; frame: Frame }[] = [];
  let timeMs = 0;
  for (const { frames, isOpen } of gops) {
    const timesMs = Array.from({ length: frames }, (_, index) => timeMs + index * 40);
    const [first = 0, second = first] = timesMs;
    // The key frame of an open group is shown after its first leading picture.
    const isLed = isOpen && frames > 2 && timeMs > 0;
    const shown = isLed ? [second, first, ...timesMs.slice(2)] : timesMs;
    shown.forEach((shownMs, index) => {
      placed.push({ at: timeMs + index * 40, frame: video(shownMs, index === 0) });
    });
    timeMs += frames * 40;
  }
  for (let soundMs = 0; soundMs < timeMs; soundMs += 20) {
    placed.push({ at: soundMs + audioLagMs, frame: audio(soundMs) });
  }
  return placed.sort((a, b) => a.at - b.at).map(({ frame }) => frame);
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import type { MatroskaEvent, Tag } from "../../media/matroska";
import { makeMatroskaReader } from "../../media/matroskaReader";
import { type Camera, type CameraOptions, runCamera } from "../../producer/camera";
import type { CameraEvent } from "../../producer/cameraEvents";
import { type CameraClock, makeCameraClock } from "../../producer/clock";
import type { Footage } from "../../producer/footage";
import type { Fragment, Frame } from "../../producer/fragments";
import { ackLine, type FakeService, serveFake } from "./fakeService";

const FRAGMENT_MS = 2000;

/** So many fragments of 2 s, each of five frames that no other has. */
function footageOf(count: number): Footage {
  const fragment = (index: number): Fragment => {
    const startMs = index * FRAGMENT_MS;
    const frames = [0, 1, 2, 3, 4].map((step): Frame => {
      const bytes = Uint8Array.of(index >> 8, index & 0xff, step);
      return { track: "video", timeMs: startMs + step * 400, keyframe: step === 0, bytes };
    });
    return { startMs, durationMs: FRAGMENT_MS, sizeBytes: 15, frames };
  };
  async function* fragments() {
    for (let index = 0; index < count; index += 1) yield fragment(index);
  }
  const codecPrivate = Uint8Array.of(1);
  return {
    tracks: [{ number: 1, uid: 1n, type: "video", codecId: "V_MPEG4/ISO/AVC", codecPrivate }],
    leftOut: [],
    fragments: fragments(),
  };
}

/** One connection as the service sees it. */
interface Upload {
  /** Position among all connections, from 0. */
  index: number;
  request: IncomingMessage;
  response: ServerResponse;
  /** Timecodes of the Clusters that began, and of those that came whole. */
  began: number[];
  whole: number[];
  tags: Tag[];
  /** The bytes of each Cluster's frames, by its Timecode. */
  frames: Map<number, string[]>;
  endOfBody: boolean;
}

type Answer = (upload: Upload, event: "begun" | "whole", timecodeMs: number) => void;

/** A service that reads what comes, and acknowledges as `answer` says; by default everything is persisted. */
function uploadsOf(answer: Answer, accepts: (index: number) => boolean = () => true) {
  const uploads: Upload[] = [];
  const putMedia = (request: IncomingMessage, response: ServerResponse) => {
    const upload: Upload = {
      index: uploads.length,
      request,
      response,
      began: [],
      whole: [],
      tags: [],
      frames: new Map(),
      endOfBody: false,
    };
    uploads.push(upload);
    if (accepts(upload.index)) response.flushHeaders();
    const reader = makeMatroskaReader();
    const take = (event: MatroskaEvent) => {
      const timecodeMs = upload.began.at(-1) ?? 0;
      if (event.kind === "cluster") {
        upload.began.push(event.timecode);
        upload.frames.set(event.timecode, []);
        answer(upload, "begun", event.timecode);
      }
      if (event.kind === "block") {
        upload.frames.get(timecodeMs)?.push(...event.frames.map((frame) => frame.join()));
      }
      if (event.kind === "tags") upload.tags.push(...event.tags);
      if (event.kind === "clusterEnd") {
        upload.whole.push(timecodeMs);
        answer(upload, "whole", timecodeMs);
      }
    };
    request.on("data", (chunk: Buffer) => reader.push(chunk).forEach(take));
    request.on("error", () => response.destroy());
    request.on("end", () => {
      upload.endOfBody = true;
      reader.end().forEach(take);
      response.end();
    });
  };
  return { uploads, putMedia };
}

const persistAll: Answer = ({ response }, event, timecodeMs) => {
  response.write(ackLine(event === "begun" ? "BUFFERING" : "PERSISTED", timecodeMs));
};

function clientOf({ url }: FakeService): KinesisVideoClient {
  const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };
  return new KinesisVideoClient({ endpoint: url, region: "us-east-1", credentials });
}

describe("A camera", () => {
  const open: (FakeService | KinesisVideoClient)[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await ("close" in one ? one.close() : one.destroy());
  });

  /** A camera of `count` fragments against a service that answers in this way, on a clock 20 times as fast. */
  async function start(
    count: number,
    answer: Answer,
    options: Partial<CameraOptions> = {},
    accepts?: (index: number) => boolean,
  ) {
    const { uploads, putMedia } = uploadsOf(answer, accepts);
    const service = await serveFake(putMedia);
    const client = clientOf(service);
    open.push(service, client);
    const events: CameraEvent[] = [];
    const camera: Camera = runCamera({
      footage: footageOf(count),
      stream: "gate",
      client,
      clock: makeCameraClock(20),
      random: () => 0,
      ...options,
      onEvent(event) {
        events.push(event);
        options.onEvent?.(event);
      },
    });
    return { camera, uploads, events, service };
  }

  function ofKind<Kind extends CameraEvent["kind"]>(events: CameraEvent[], kind: Kind) {
    return events.filter((event): event is Extract<CameraEvent, { kind: Kind }> => event.kind === kind);
  }

  function persistedTimes(events: CameraEvent[]): number[] {
    return ofKind(events, "persisted").map((event) => event.producerTimestampMs);
  }

  /** Every 2 s, as many as that, from the first. */
  function everyFragment(count: number, startMs: number | undefined): number[] {
    return Array.from({ length: count }, (_, index) => (startMs ?? Number.NaN) + index * FRAGMENT_MS);
  }

  it("sends every fragment once and tells when each is persisted", async () => {
    const { camera, uploads, events } = await start(4, persistAll);

    const summary = await camera.done;

    const [upload] = uploads;
    expect(uploads).to.have.length(1);
    expect(upload?.whole).to.deep.equal(everyFragment(4, upload?.began[0]));
    expect([...(upload?.frames.values() ?? [])]).to.deep.equal(
      [0, 1, 2, 3].map((index) => [0, 1, 2, 3, 4].map((step) => `0,${index},${step}`)),
    );
    expect(ofKind(events, "persisted")[0]).to.deep.equal({
      kind: "persisted",
      fragmentNumber: `9134${upload?.began[0]}`,
      producerTimestampMs: upload?.began[0],
      durationMs: FRAGMENT_MS,
      sizeBytes: 15,
      timesSent: 1,
    });
    expect(summary).to.deep.equal({
      persistedFragments: 4,
      persistedMs: 8000,
      persistedBytes: 60,
      resentFragments: 0,
      skippedFragments: 0,
      unconfirmedFragments: 0,
      connections: 1,
    });
  });

  it("films in real time: no frame leaves before its time has come", async () => {
    const clock = makeCameraClock(20);
    const early: number[] = [];
    const { camera } = await start(
      3,
      (upload, event, timecodeMs) => {
        if (event === "begun" && clock.nowMs() < timecodeMs) early.push(timecodeMs);
        persistAll(upload, event, timecodeMs);
      },
      { clock },
    );

    await camera.done;

    expect(early).to.deep.equal([]);
  });

  it("counts timecodes from its start in RELATIVE mode, and its producer times stay the same", async () => {
    const { camera, uploads, events } = await start(2, persistAll, { timecodeType: "RELATIVE" });

    await camera.done;

    const startSeconds = Number(uploads[0]?.request.headers["x-amzn-producer-start-timestamp"]);
    expect(uploads[0]?.whole).to.deep.equal([0, 2000]);
    expect(persistedTimes(events)).to.deep.equal(everyFragment(2, Math.round(startSeconds * 1000)));
  });

  it("sends what was not persisted again after a lost connection, in order, with the same timestamps", async () => {
    const { camera, uploads, events } = await start(5, (upload, event, timecodeMs) => {
      if (upload.index > 0 || upload.whole.length < 2) return persistAll(upload, event, timecodeMs);
      // Two fragments came whole; the second of them and the third, half sent, are lost with the socket.
      upload.request.socket.destroy();
    });

    const summary = await camera.done;

    const startMs = uploads[0]?.began[0];
    expect(uploads).to.have.length(2);
    expect(uploads[1]?.whole).to.deep.equal(everyFragment(5, startMs).slice(1));
    expect(persistedTimes(events)).to.deep.equal(everyFragment(5, startMs));
    expect(ofKind(events, "reconnecting")).to.have.length(1);
    expect(summary).to.include({ persistedFragments: 5, connections: 2, unconfirmedFragments: 0 });
    expect(summary.resentFragments).to.be.greaterThan(0);
  });

  it("waits longer from failure to failure while the service is away, and loses nothing", async () => {
    const { camera, events } = await start(3, (upload, event, timecodeMs) => {
      if (upload.index < 4) upload.request.socket.destroy();
      else persistAll(upload, event, timecodeMs);
    });

    const summary = await camera.done;

    const delays = ofKind(events, "reconnecting").map((event) => event.delayMs);
    expect(delays).to.deep.equal([100, 200, 400, 800]);
    expect(summary).to.include({ persistedFragments: 3, skippedFragments: 0 });
  });

  it("drops the socket in mid-fragment when cut off, and makes up for it", async () => {
    let began = 0;
    const { camera, uploads, events } = await start(4, persistAll, {
      onEvent(event) {
        if (event.kind !== "ack" || event.ack.eventType !== "BUFFERING") return;
        began += 1;
        if (began === 2) camera.cutOff();
      },
    });

    await camera.done;

    const [first, second] = uploads;
    expect(first?.began).to.have.length(2);
    expect(first?.whole).to.have.length(1);
    expect(first?.endOfBody).to.equal(false);
    expect(first?.frames.get(first.began[1]!)?.length).to.be.lessThan(5);
    expect(second?.whole[0]).to.equal(first?.began[1]);
    expect(persistedTimes(events)).to.deep.equal(everyFragment(4, first?.began[0]));
  });

  it("finishes its fragment when stopped, says that it is the last, and waits until it is persisted", async () => {
    const stop = new AbortController();
    const { camera, uploads } = await start(
      100,
      (upload, event, timecodeMs) => {
        if (upload.began.length === 2) stop.abort();
        persistAll(upload, event, timecodeMs);
      },
      { signal: stop.signal },
    );

    const summary = await camera.done;

    expect(summary).to.include({ persistedFragments: 2, unconfirmedFragments: 0, connections: 1 });
    expect(uploads[0]?.whole).to.have.length(2);
    expect(uploads[0]?.endOfBody).to.equal(true);
    expect(uploads[0]?.tags[0]).to.deep.equal({ name: "AWS_KINESISVIDEO_END_OF_FRAGMENT", value: "" });
  });

  it("ends at once when it is cut off after it was stopped, and names what is not persisted", async () => {
    const stop = new AbortController();
    const { camera, uploads } = await start(
      100,
      (upload, event, timecodeMs) => {
        if (upload.began.length < 2) return persistAll(upload, event, timecodeMs);
        stop.abort();
        camera.cutOff();
      },
      { signal: stop.signal },
    );

    const summary = await camera.done;

    expect(summary.unconfirmedFragments).to.be.greaterThan(0);
    expect(uploads).to.have.length(1);
    expect(uploads[0]?.endOfBody).to.equal(false);
  });

  for (const errorId of [4001, 4006]) {
    it(`skips a fragment that the service answers with ${errorId}, says so, and goes on with the next`, async () => {
      const { camera, uploads, events } = await start(4, (upload, event, timecodeMs) => {
        const isSecond = timecodeMs === (uploads[0]?.began[0] ?? 0) + FRAGMENT_MS;
        if (!isSecond) return persistAll(upload, event, timecodeMs);
        upload.response.end(ackLine("ERROR", timecodeMs, { ErrorId: errorId }));
      });

      const summary = await camera.done;

      const [skipped] = ofKind(events, "skipped");
      const times = everyFragment(4, uploads[0]?.began[0]);
      expect(skipped?.producerTimestampMs).to.equal(times[1]);
      expect(skipped?.reason).to.match(new RegExp(`\\(${errorId}\\), and would again`));
      expect(persistedTimes(events)).to.deep.equal([times[0], times[2], times[3]]);
      expect(summary).to.include({ persistedFragments: 3, skippedFragments: 1, unconfirmedFragments: 0 });
    });
  }

  for (const errorId of [4003, 4004, 4500, 5000, 5001, 9999]) {
    it(`sends a fragment again that the service answers with ${errorId}`, async () => {
      const { camera, uploads, events } = await start(2, (upload, event, timecodeMs) => {
        if (upload.index > 0) return persistAll(upload, event, timecodeMs);
        upload.response.end(ackLine("ERROR", timecodeMs, { ErrorId: errorId }));
      });

      const summary = await camera.done;

      expect(summary).to.include({ persistedFragments: 2, skippedFragments: 0, connections: 2 });
      expect(persistedTimes(events)).to.deep.equal(everyFragment(2, uploads[0]?.began[0]));
      expect(ofKind(events, "reconnecting")[0]?.reason).to.match(new RegExp(`\\(${errorId}\\)`));
    });
  }

  it("waits for seconds where only a person can help, as with a disabled key", async () => {
    const { camera, events } = await start(1, (upload, event, timecodeMs) => {
      if (upload.index > 0) return persistAll(upload, event, timecodeMs);
      upload.response.end(ackLine("ERROR", timecodeMs, { ErrorId: 4501 }));
    });

    await camera.done;

    expect(ofKind(events, "reconnecting")[0]?.delayMs).to.equal(2500);
  });

  it("gives up a fragment that is called out of order again and again", async () => {
    const { camera, uploads, events } = await start(2, (upload, event, timecodeMs) => {
      if (timecodeMs !== uploads[0]?.began[0]) return persistAll(upload, event, timecodeMs);
      upload.response.end(ackLine("ERROR", timecodeMs, { ErrorId: 4004 }));
    });

    const summary = await camera.done;

    expect(summary).to.include({ persistedFragments: 1, skippedFragments: 1, connections: 4 });
    expect(ofKind(events, "skipped")[0]?.reason).to.match(/FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS/);
  });

  it("replaces its connection before the service's 45 minutes are over, between two fragments", async () => {
    const base = makeCameraClock(20);
    let jumpMs = 0;
    const clock: CameraClock = { nowMs: () => base.nowMs() + jumpMs, sleep: base.sleep };
    const { camera, uploads, events } = await start(4, persistAll, {
      clock,
      onEvent(event) {
        if (event.kind === "persisted") jumpMs = 41 * 60_000;
      },
    });

    const summary = await camera.done;

    expect(summary).to.include({ persistedFragments: 4, resentFragments: 0, connections: 2 });
    expect(ofKind(events, "reconnecting")).to.deep.equal([]);
    expect(uploads.map((upload) => upload.endOfBody)).to.deep.equal([true, true]);
    expect(uploads.flatMap((upload) => upload.whole)).to.deep.equal(everyFragment(4, uploads[0]?.began[0]));
  });

  it("gives up a connection on which the service has fallen silent", async () => {
    const { camera, events } = await start(
      2,
      (upload, event, timecodeMs) => {
        if (upload.index > 0) persistAll(upload, event, timecodeMs);
      },
      { clock: makeCameraClock(200) },
    );

    const summary = await camera.done;

    expect(ofKind(events, "reconnecting")[0]?.reason).to.equal("No acknowledgement for 60 s.");
    expect(summary).to.include({ persistedFragments: 2, unconfirmedFragments: 0 });
  });

  it("connects again, too, where the service was silent from the start: that is no mistake of its settings", async () => {
    const isLater = (index: number) => index > 0;
    const { camera, events } = await start(
      2,
      (upload, event, timecodeMs) => {
        if (isLater(upload.index)) persistAll(upload, event, timecodeMs);
      },
      { clock: makeCameraClock(200) },
      isLater,
    );

    const summary = await camera.done;

    expect(ofKind(events, "reconnecting")[0]?.reason).to.equal("No acknowledgement for 60 s.");
    expect(summary).to.include({ persistedFragments: 2, unconfirmedFragments: 0 });
  });

  it("lets the oldest footage go when an outage outlasts its buffer, and says which", async () => {
    let isAway = true;
    const stop = new AbortController();
    const { camera, uploads, events } = await start(
      6,
      (upload, event, timecodeMs) => {
        if (isAway) upload.request.socket.destroy();
        else persistAll(upload, event, timecodeMs);
      },
      {
        maxHeldBytes: 3 * 15,
        signal: stop.signal,
        onEvent(event) {
          if (event.kind === "skipped") isAway = ofKind(events, "skipped").length < 2;
        },
      },
    );

    const summary = await camera.done;

    const skipped = ofKind(events, "skipped").map((event) => event.producerTimestampMs);
    const all = [...skipped, ...persistedTimes(events)].sort((a, b) => a - b);
    expect(all).to.deep.equal(everyFragment(6, uploads[0]?.began[0]));
    expect(ofKind(events, "skipped")[0]?.reason).to.match(/buffer is full/);
    expect(summary.persistedFragments + summary.skippedFragments).to.equal(6);
  });

  it("sends a fragment's tags behind its Cluster", async () => {
    const notification = { name: "AWS_KINESISVIDEO_NOTIFICATION", value: "" };
    const { camera, uploads } = await start(2, persistAll, {
      fragmentTags: (fragment) => (fragment.startMs === 0 ? [notification, { name: "lap", value: "1" }] : []),
    });

    await camera.done;

    expect(uploads[0]?.tags.slice(0, 2)).to.deep.equal([notification, { name: "lap", value: "1" }]);
  });

  it("tells the service when a live source pauses, so that its last fragment need not wait", async () => {
    const two = footageOf(2);
    let resume: () => void = () => undefined;
    async function* fragments() {
      yield (await two.fragments.next()).value as Fragment;
      await new Promise<void>((resolve) => {
        resume = resolve;
      });
      yield (await two.fragments.next()).value as Fragment;
    }
    const { camera, uploads } = await start(0, persistAll, {
      footage: { ...two, fragments: fragments() },
      onEvent(event) {
        if (event.kind === "persisted") resume();
      },
    });

    const summary = await camera.done;

    expect(summary).to.include({ persistedFragments: 2, connections: 1 });
    expect(uploads[0]?.tags[0]?.name).to.equal("AWS_KINESISVIDEO_END_OF_FRAGMENT");
  });

  it("tries again while the service still counts its last connection", async () => {
    const { uploads, putMedia } = uploadsOf(persistAll);
    let refusals = 0;
    const service = await serveFake((request, response) => {
      if (refusals === 2) return putMedia(request, response);
      refusals += 1;
      response.writeHead(400, { "x-amzn-ErrorType": "ConnectionLimitExceededException" }).end("{}");
    });
    const client = clientOf(service);
    open.push(service, client);

    const camera = runCamera({ footage: footageOf(2), stream: "gate", client, clock: makeCameraClock(20) });
    const summary = await camera.done;

    expect(uploads).to.have.length(1);
    expect(summary).to.include({ persistedFragments: 2, connections: 1 });
  });

  it("fails at once when the stream does not exist, with the service's own error", async () => {
    const refusing = await serveFake((_request, response) => {
      response.writeHead(404, { "x-amzn-ErrorType": "ResourceNotFoundException" }).end(`{"Message":"none"}`);
    });
    const client = clientOf(refusing);
    open.push(refusing, client);

    const camera = runCamera({ footage: footageOf(2), stream: "gate", client });
    const error = await camera.done.catch((reason: Error) => reason);

    expect(error).to.have.property("name", "ResourceNotFoundException");
  });

  it("sends what is good of bad footage before it fails", async () => {
    const { camera, events } = await start(0, persistAll, {
      footage: {
        ...footageOf(0),
        fragments: (async function* () {
          yield* footageOf(2).fragments;
          throw new Error("Bytes that make no sense.");
        })(),
      },
    });

    const error = await camera.done.catch((reason: Error) => reason);

    expect(error).to.have.property("message", "Bytes that make no sense.");
    expect(ofKind(events, "persisted")).to.have.length(2);
  });
});

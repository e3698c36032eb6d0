import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import * as fc from "fast-check";
import { parse } from "yaml";
import { pulumiYaml, settingsPage } from "../../docs/settings";
import { loadSettings } from "../../infra/settings";

const root = path.join(__dirname, "..", "..");
const load = (config: Record<string, unknown>) =>
  loadSettings(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [
        `lastframe:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
    "lastframe",
  );

describe("settings", () => {
  it("gives each stream the stack's defaults and lets it state its own", () => {
    const config = {
      clipSeconds: 60,
      streams: [{ name: "gate" }, { name: "podium", clipSeconds: 30, retentionHours: 25, notify: true }],
    };

    const { streams } = load(config);

    const shared = { alarmThreshold: 10, alarmPeriodSeconds: 60, abandons: false };
    expect(streams).to.deep.equal([
      { name: "gate", clipSeconds: 60, retentionHours: 48, notify: false, ...shared },
      { name: "podium", clipSeconds: 30, retentionHours: 25, notify: true, ...shared },
    ]);
  });

  it("arranges everything else for the components, from defaults that are safe", () => {
    const { streams: _, ...settings } = load({ streams: [{ name: "gate" }] });

    expect(settings).to.deep.equal({
      archive: {
        bucket: undefined,
        prefix: "",
        keepBucket: true,
        clipTransitions: [],
        clipExpiryDays: undefined,
        lock: undefined,
      },
      encryption: { key: "aws-managed" },
      network: { kind: "none" },
      devices: undefined,
      reconcileMinutes: 15,
      logRetentionDays: 30,
      alertEmails: [],
      clipHook: undefined,
      reservedConcurrency: {},
      tags: {},
    });
  });

  it("arranges what was chosen instead", () => {
    const keyArn = "arn:aws:kms:us-east-1:123456789012:key/0f0f";
    const config = {
      streams: [{ name: "gate" }],
      clipTransitions: [
        { afterDays: 30, storageClass: "STANDARD_IA" },
        { afterDays: 60, storageClass: "DEEP_ARCHIVE" },
      ],
      clipExpiryDays: 365,
      lockMode: "compliance",
      lockDays: 365,
      encryption: keyArn,
      network: "existing",
      subnetIds: ["subnet-0a1b2c3d"],
      securityGroupIds: ["sg-0a1b2c3d"],
      deviceSignIn: true,
      reservedConcurrency: { archiveClip: 20 },
      owner: "42",
    };

    const settings = load(config);

    expect(settings.archive.lock).to.deep.equal({ mode: "compliance", days: 365 });
    expect(settings.archive.clipTransitions).to.deep.equal(config.clipTransitions);
    expect(settings.encryption).to.deep.equal({ key: "existing", arn: keyArn });
    expect(settings.network).to.deep.equal({
      kind: "existing",
      subnetIds: ["subnet-0a1b2c3d"],
      securityGroupIds: ["sg-0a1b2c3d"],
    });
    expect(settings.devices).to.deep.equal({ mfa: "optional", signUp: false });
    expect(settings.reservedConcurrency).to.deep.equal({ archiveClip: 20 });
    expect(settings.tags).to.deep.equal({ owner: "42" });
  });

  const thresholds: [string, object, object, number][] = [
    ["the blog's ten", {}, {}, 10],
    ["half of a minute's fragments", {}, { fragmentSeconds: 5 }, 6],
    ["one, of the longest fragments there are", {}, { fragmentSeconds: 20 }, 1],
    ["half of a longer period's", { alarmPeriodSeconds: 300 }, { fragmentSeconds: 10 }, 15],
    ["what the stack says of all cameras", { fragmentSeconds: 4 }, {}, 7],
    ["what the stream says, before what the stack says", { fragmentSeconds: 4 }, { alarmThreshold: 3 }, 3],
    ["the stack's own threshold", { alarmThreshold: 2 }, {}, 2],
  ];
  for (const [what, stack, stream, threshold] of thresholds) {
    it(`rings above ${what}`, () => {
      const config = { ...stack, streams: [{ name: "gate", ...stream }] };

      const { streams } = load(config);

      expect(streams[0]?.alarmThreshold).to.equal(threshold);
    });
  }

  it("fits the alarm to any fragments: it rings while they arrive, whatever way they fall into its periods", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 60 }), (seconds, minutes) => {
        const config = {
          streams: [{ name: "gate", fragmentSeconds: seconds, alarmPeriodSeconds: minutes * 60 }],
        };

        const { streams } = load(config);

        const fewestInAPeriod = Math.floor((minutes * 60) / seconds);
        expect(streams[0]?.alarmThreshold).to.be.within(0, fewestInAPeriod - 1);
      }),
    );
  });

  it("leaves the keys of other packages alone", () => {
    const config = { "aws:region": "eu-west-1", "lastframe:streams": '[{"name":"gate"}]' };

    const settings = loadSettings(config, "lastframe");

    expect(settings.streams).to.have.length(1);
  });

  const wrong: [string, Record<string, unknown>, string][] = [
    ["no streams", {}, "[lastframe:streams] is missing; write at least one stream, such as [{name: gate}]"],
    [
      "an empty list",
      { streams: [] },
      "[lastframe:streams] is []; write at least one stream, such as [{name: gate}]",
    ],
    [
      "a name instead of a list",
      { streams: "gate" },
      '[lastframe:streams] is "gate"; write a list such as [{name: gate}]',
    ],
    [
      "a stream that is no object",
      { streams: ["gate"] },
      '[lastframe:streams[0]] is "gate"; write an object such as {name: gate}',
    ],
    [
      "a stream without a name",
      { streams: [{ clipSeconds: 60 }] },
      "[lastframe:streams[0].name] is missing; write the stream's name, 1 to 100 letters, digits, dots, dashes or underscores",
    ],
    [
      "an illegal name",
      { streams: [{ name: "front gate" }] },
      '[lastframe:streams[0].name] is "front gate"; write the stream\'s name, 1 to 100 letters, digits, dots, dashes or underscores',
    ],
    [
      "the same name twice",
      { streams: [{ name: "gate" }, { name: "gate" }] },
      '[lastframe:streams[1].name] is "gate"; give each stream a name of its own',
    ],
    [
      "a clip that is too short",
      { streams: [{ name: "gate", clipSeconds: 9 }] },
      "[lastframe:streams[0].clipSeconds] is 9; write a whole number from 10 to 900",
    ],
    [
      "a clip that is too long",
      { clipSeconds: 901, streams: [{ name: "gate" }] },
      "[lastframe:clipSeconds] is 901; write a whole number from 10 to 900",
    ],
    [
      "half a second",
      { clipSeconds: 10.5, streams: [{ name: "gate" }] },
      "[lastframe:clipSeconds] is 10.5; write a whole number from 10 to 900",
    ],
    [
      "no retention",
      { retentionHours: 0, streams: [{ name: "gate" }] },
      "[lastframe:retentionHours] is 0; write a whole number from 25 to 87600",
    ],
    [
      "an unknown key",
      { clipLength: 60, streams: [{ name: "gate" }] },
      "[lastframe:clipLength] is not a setting; the settings here are streams, clipSeconds, retentionHours, alarmThreshold, alarmPeriodSeconds, fragmentSeconds, notify, reconcileMinutes, bucket, prefix, keepBucket, clipTransitions, clipExpiryDays, lockMode, lockDays, encryption, network, subnetIds, securityGroupIds, vpcCidr, natGateway, deviceSignIn, deviceMfa, deviceSignUp, alertEmails, clipHook, reservedConcurrency, logRetentionDays, owner, event",
    ],
    [
      "an unknown key of a stream",
      { streams: [{ name: "gate", seconds: 60 }] },
      "[lastframe:streams[0].seconds] is not a setting; the settings here are name, clipSeconds, retentionHours, alarmThreshold, alarmPeriodSeconds, fragmentSeconds, notify, abandon",
    ],
    [
      "a prefix without its slash",
      { prefix: "derby", streams: [{ name: "gate" }] },
      '[lastframe:prefix] is "derby"; write nothing, or folders that end in a slash, such as derby/',
    ],
    [
      "more streams than a stack is made for",
      { streams: Array.from({ length: 1001 }, (_, index) => ({ name: `camera-${index}` })) },
      "[lastframe:streams] has 1001 entries; a stack takes 1000 streams at most, as Reconcile asks for each one's alarm within its five minutes: make a second stack for the others",
    ],
    ["broken JSON", { streams: "[{" }, "[lastframe:streams] is not valid JSON; mend [{"],
    ...others(
      [
        "half a minute as the alarm's period",
        { alarmPeriodSeconds: 90 },
        "[lastframe:alarmPeriodSeconds] is 90; write a multiple of 60, from 60 to 3600",
      ],
      [
        "a storage class of one building",
        { clipTransitions: [{ afterDays: 30, storageClass: "ONEZONE_IA" }] },
        '[lastframe:clipTransitions[0].storageClass] is "ONEZONE_IA"; write one of STANDARD_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER, DEEP_ARCHIVE',
      ],
      [
        "a move that S3 refuses",
        { clipTransitions: [{ afterDays: 29, storageClass: "STANDARD_IA" }] },
        "[lastframe:clipTransitions[0].afterDays] is 29; S3 moves nothing to STANDARD_IA before 30 days: write 30 or more",
      ],
      [
        "a class that is left before it is paid for",
        {
          clipTransitions: [
            { afterDays: 0, storageClass: "GLACIER_IR" },
            { afterDays: 89, storageClass: "DEEP_ARCHIVE" },
          ],
        },
        "[lastframe:clipTransitions[1].afterDays] is 89; GLACIER_IR is billed for 90 days at least: write 90 or more",
      ],
      [
        "a move back up",
        {
          clipTransitions: [
            { afterDays: 0, storageClass: "GLACIER" },
            { afterDays: 400, storageClass: "STANDARD_IA" },
          ],
        },
        '[lastframe:clipTransitions[1].storageClass] is "STANDARD_IA"; nothing moves from GLACIER to STANDARD_IA: write the classes in the order STANDARD_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER, DEEP_ARCHIVE',
      ],
      [
        "a transition in other words",
        { clipTransitions: [{ afterDays: 30, storageClass: "GLACIER", bytes: 1 }] },
        '[lastframe:clipTransitions[0]] is {"afterDays":30,"storageClass":"GLACIER","bytes":1}; write an object such as {afterDays: 30, storageClass: STANDARD_IA}, with these two keys',
      ],
      [
        "an alias of a key",
        { encryption: "alias/mine" },
        '[lastframe:encryption] is "alias/mine"; write aws-managed, new-key, or the ARN of a KMS key (not of an alias)',
      ],
      [
        "a network that does not exist",
        { network: "vpc" },
        '[lastframe:network] is "vpc"; write none, existing or new',
      ],
      [
        "a subnet's name",
        { network: "existing", subnetIds: ["private"], securityGroupIds: ["sg-0a1b2c3d"] },
        '[lastframe:subnetIds[0]] is "private"; write an id such as subnet-0a1b2c3d',
      ],
      [
        "a VPC of four addresses",
        { network: "new", vpcCidr: "10.0.0.0/30" },
        '[lastframe:vpcCidr] is "10.0.0.0/30"; write a range from /16 to /24, such as 10.0.0.0/16',
      ],
      ["a word for yes", { deviceSignIn: "yes" }, '[lastframe:deviceSignIn] is "yes"; write true or false'],
      [
        "an address that is none",
        { alertEmails: ["me"] },
        '[lastframe:alertEmails[0]] is "me"; write an e-mail address',
      ],
      [
        "an address twice",
        { alertEmails: ["me@example.com", "me@example.com"] },
        '[lastframe:alertEmails] is ["me@example.com","me@example.com"]; write each address once',
      ],
      [
        "a function's name as the hook",
        { clipHook: "my-function" },
        '[lastframe:clipHook] is "my-function"; write the ARN of a Lambda function, SQS queue, SNS topic, state machine or event bus',
      ],
      [
        "a function that is none of ours",
        { reservedConcurrency: { archive: 20 } },
        '[lastframe:reservedConcurrency] is {"archive":20}; write numbers by function, such as {archiveClip: 20}; the functions are checkAlarmTag, checkAlarmState, archiveClip, reconcile, reconcileStream, startOnNotification',
      ],
      [
        "a retention that CloudWatch Logs does not take",
        { logRetentionDays: 31 },
        "[lastframe:logRetentionDays] is 31; write one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653",
      ],
    ),
  ];
  const contradictory = others(
    [
      "a threshold beside what it would follow from",
      { alarmThreshold: 5, fragmentSeconds: 6 },
      "[lastframe:alarmThreshold] is 5; fragmentSeconds is 6, from which a threshold follows: leave one of the two out",
    ],
    [
      "a threshold that no camera reaches",
      { alarmThreshold: 301 },
      "[lastframe:alarmThreshold] is 301; no more than 300 fragments arrive in the alarm's period: write at most 300",
    ],
    [
      "a period in which a camera does not reach the stack's threshold",
      {
        alarmThreshold: 1000,
        alarmPeriodSeconds: 3600,
        streams: [{ name: "gate", alarmPeriodSeconds: 60 }],
      },
      "[lastframe:streams[0].alarmPeriodSeconds] is 60; no more than 300 fragments arrive in it, and the stack's alarmThreshold is 1000: give the stream an alarmThreshold of its own",
    ],
    [
      "existing subnets without one",
      { network: "existing", securityGroupIds: ["sg-0a1b2c3d"] },
      "[lastframe:subnetIds] is []; network is existing: write the ids of its subnets",
    ],
    [
      "existing subnets without a security group",
      { network: "existing", subnetIds: ["subnet-0a1b2c3d"] },
      "[lastframe:securityGroupIds] is []; network is existing: write the ids of security groups",
    ],
    [
      "subnets of no network",
      { subnetIds: ["subnet-0a1b2c3d"] },
      '[lastframe:subnetIds] is ["subnet-0a1b2c3d"]; network is none: leave the key out, or set network to existing',
    ],
    [
      "addresses of no new network",
      { vpcCidr: "10.1.0.0/16" },
      '[lastframe:vpcCidr] is "10.1.0.0/16"; network is none: leave the key out, or set network to new',
    ],
    [
      "a NAT gateway of no new network",
      { natGateway: true },
      "[lastframe:natGateway] is true; network is none: leave the key out, or set network to new",
    ],
    [
      "a lock without days",
      { lockMode: "governance" },
      "[lastframe:lockDays] is 0; lockMode is governance: write for how many days",
    ],
    [
      "days without a lock",
      { lockDays: 30 },
      "[lastframe:lockDays] is 30; lockMode is none: leave the key out, or set lockMode to governance or compliance",
    ],
    [
      "a locked bucket that is to be deleted",
      { lockMode: "governance", lockDays: 30, keepBucket: false },
      "[lastframe:keepBucket] is false; lockMode is governance, and a bucket of locked objects cannot be deleted: leave the key out",
    ],
    [
      "an expiry that the lock forbids",
      { lockMode: "governance", lockDays: 30, clipExpiryDays: 29 },
      "[lastframe:clipExpiryDays] is 29; Object Lock holds clips for 30 days: write 30 or more",
    ],
    [
      "an expiry before the storage class is paid for",
      { clipTransitions: [{ afterDays: 30, storageClass: "GLACIER" }], clipExpiryDays: 119 },
      "[lastframe:clipExpiryDays] is 119; clips move to GLACIER after 30 days and are billed as such up to day 120: write 120 or more",
    ],
    [
      "a lifecycle for a bucket of someone else",
      { bucket: "footage", clipExpiryDays: 30 },
      "[lastframe:clipExpiryDays] is 30; bucket names an existing bucket, whose settings are its owner's: set it there, and leave the key out",
    ],
    [
      "a lock for a bucket of someone else",
      { bucket: "footage", lockMode: "governance", lockDays: 30 },
      '[lastframe:lockMode] is "governance"; bucket names an existing bucket, whose settings are its owner\'s: set it there, and leave the key out',
    ],
    [
      "the end of a bucket of someone else",
      { bucket: "footage", keepBucket: false },
      "[lastframe:keepBucket] is false; bucket names an existing bucket, which is never deleted: leave the key out",
    ],
    [
      "sign-up without sign-in",
      { deviceSignUp: true },
      "[lastframe:deviceSignUp] is true; deviceSignIn is false: leave the key out, or set deviceSignIn to true",
    ],
    [
      "a second factor without sign-in",
      { deviceMfa: "required" },
      '[lastframe:deviceMfa] is "required"; deviceSignIn is false: leave the key out, or set deviceSignIn to true',
    ],
  );
  for (const [what, config, message] of [...wrong, ...contradictory]) {
    it(`refuses ${what} in one line that names the key and says what to write`, () => {
      expect(() => load(config))
        .to.throw(message)
        .with.property("message", message);
    });
  }

  it("refuses what is of another Region than the stack", () => {
    const arn = (service: string, rest: string) => `arn:aws:${service}:eu-west-1:123456789012:${rest}`;
    const streams = JSON.stringify([{ name: "gate" }]);
    const inFrankfurt = (more: Record<string, string>) =>
      loadSettings({ "aws:region": "eu-central-1", "lastframe:streams": streams, ...more }, "lastframe");

    expect(() => inFrankfurt({ "lastframe:encryption": arn("kms", "key/1a2b") })).to.throw(
      `[lastframe:encryption] is "${arn("kms", "key/1a2b")}"; the stack is in eu-central-1 (aws:region): write the ARN of a key there`,
    );
    expect(() => inFrankfurt({ "lastframe:clipHook": arn("lambda", "function:cut") })).to.throw(
      /^\[lastframe:clipHook\] is ".*"; the stack is in eu-central-1 \(aws:region\)/,
    );
    expect(inFrankfurt({ "lastframe:clipHook": arn("events", "event-bus/cut") }).clipHook).to.match(/cut$/);
  });

  it("tells all that is wrong in one go, and what contradicts what beside it", () => {
    const config = {
      clipSeconds: 5,
      lockDays: 30,
      colour: "blue",
      streams: [{ name: "gate", clipSeconds: 9, alarmThreshold: 2, fragmentSeconds: 6 }, { name: "gate" }],
    };

    const refused = () => load(config);

    expect(refused)
      .to.throw()
      .with.property("message")
      .that.matches(/^6 settings are wrong:\n/);
    for (const key of [
      "colour",
      "clipSeconds",
      "streams[0].clipSeconds",
      "streams[0].alarmThreshold",
      "streams[1].name",
      "lockDays",
    ]) {
      expect(refused).to.throw(`\n  [lastframe:${key}] is `);
    }
  });

  it("are documented as they are, in Pulumi.yaml and on their page: npm run docs", () => {
    const yaml = fs.readFileSync(path.join(root, "Pulumi.yaml"), "utf8");
    const page = fs.readFileSync(path.join(root, "docs", "settings.md"), "utf8");

    expect(yaml).to.equal(pulumiYaml(yaml));
    expect(page).to.equal(settingsPage());
  });

  it("all have a default in Pulumi.yaml, for Pulumi asks a user for every key that has none, and a description", () => {
    const { config } = parse(fs.readFileSync(path.join(root, "Pulumi.yaml"), "utf8")) as {
      config: Record<string, { default?: unknown; description?: string }>;
    };

    const { streams, ...defaults } = Object.fromEntries(
      Object.entries(config).map(([key, { default: value }]) => [key, value]),
    );

    expect(streams).to.deep.equal([]);
    expect(Object.values(defaults)).not.to.include(undefined);
    expect(load({ ...defaults, streams: [{ name: "gate" }] })).to.deep.equal(
      load({ streams: [{ name: "gate" }] }),
    );
    for (const [key, { description }] of Object.entries(config)) expect(description, key).to.match(/\.$/);
  });
});

/** Configurations of one stream and these settings, by what is wrong with them. */
function others(...cases: [string, object, string][]): [string, Record<string, unknown>, string][] {
  return cases.map(([what, config, message]) => [what, { streams: [{ name: "gate" }], ...config }, message]);
}

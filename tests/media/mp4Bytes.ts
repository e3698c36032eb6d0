/** A box of a file, where a test wants to put its hand on it. */
export interface PlacedBox {
  type: string;
  /** Path of types from the top, for example `moov/trak/tkhd`. */
  path: string;
  offset: number;
  sizeBytes: number;
}

const containers = ["moov", "trak", "edts", "mdia", "minf", "stbl"];

/** Every box of a file whose sizes are all of 32 bits and true, the parents ahead of their children. */
export function boxesOf(file: Uint8Array, from = 0, until = file.length, parents = ""): PlacedBox[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const boxes: PlacedBox[] = [];
  for (let offset = from; offset < until; offset += view.getUint32(offset)) {
    const type = Buffer.from(file.subarray(offset + 4, offset + 8)).toString("latin1");
    const box = { type, path: parents + type, offset, sizeBytes: view.getUint32(offset) };
    boxes.push(box);
    if (containers.includes(type)) {
      boxes.push(...boxesOf(file, offset + 8, offset + box.sizeBytes, `${box.path}/`));
    }
  }
  return boxes;
}

/** The n-th box of a path. */
export function boxAt(file: Uint8Array, path: string, index = 0): PlacedBox {
  const box = boxesOf(file).filter((one) => one.path === path)[index];
  if (!box) throw new Error(`The file has no ${path} number ${index}.`);
  return box;
}

/** A copy with a 32-bit number written over what stands at `offset`. */
export function with32(file: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = Uint8Array.from(file);
  new DataView(copy.buffer).setUint32(offset, value);
  return copy;
}

/** A box of 32-bit size. */
export function boxOf(type: string, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + payload.length);
  head.write(type, 4, "latin1");
  return Buffer.concat([head, payload]);
}

/** The file's `moov` with every chunk moved by so many bytes. */
function moovMovedBy(file: Uint8Array, bytes: number): Uint8Array {
  const view = new DataView(Uint8Array.from(file).buffer);
  for (const { offset } of boxesOf(file).filter(({ type }) => type === "stco")) {
    for (let entry = 0; entry < view.getUint32(offset + 12); entry += 1) {
      const at = offset + 16 + 4 * entry;
      view.setUint32(at, view.getUint32(at) + bytes);
    }
  }
  const { offset, sizeBytes } = boxAt(file, "moov");
  return new Uint8Array(view.buffer, offset, sizeBytes);
}

/** The parts of a file of ours: `ftyp`, `moov`, and the payload of `mdat`. */
export function partsOf(file: Uint8Array) {
  const [ftyp, moov, mdat] = ["ftyp", "moov", "mdat"].map((type) => boxAt(file, type));
  const media = file.subarray(mdat!.offset + 8);
  return {
    ftyp: file.subarray(ftyp!.offset, moov!.offset),
    media,
    /** `moov` for a file in which the payload of `mdat` begins at `mediaOffset`. */
    moovFor: (mediaOffset: number) => moovMovedBy(file, mediaOffset - (mdat!.offset + 8)),
  };
}

/** The same movie with `moov` behind the media, as a muxer writes it that does not go back. */
export function moovLast(file: Uint8Array): Uint8Array {
  const { ftyp, media, moovFor } = partsOf(file);
  return Buffer.concat([ftyp, boxOf("mdat", media), moovFor(ftyp.length + 8)]);
}

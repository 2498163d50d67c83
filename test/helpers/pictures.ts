import { stampLength, writeStamp } from '../../services/shared/contract.ts';

/** The least that passes for a JPEG on the bus, `size` bytes in all (100), stamped when a number is given. No decoder takes it. */
export function tinyJpeg({ seq, t = 1_000_000, size = 100 }: { seq?: number; t?: number; size?: number } = {}): Buffer {
  const jpeg = Buffer.alloc(size, 0x55);
  jpeg.writeUInt16BE(0xffd8);
  if (seq !== undefined) writeStamp(jpeg, 2, { seq, t });
  jpeg.writeUInt16BE(0xffd9, size - 2);
  return jpeg;
}

/** The same picture with a stamp behind its SOI, as the camera service publishes it. */
export function stamped(jpeg: Buffer, seq: number, t = Date.now() * 1000): Buffer {
  const length = stampLength(seq);
  const frame = Buffer.concat([jpeg.subarray(0, 2), Buffer.alloc(length), jpeg.subarray(2)]);
  writeStamp(frame, 2, { seq, t });
  return frame;
}

/** Width and height that a JPEG's frame header tells (ITU T.81 B.2.2). */
export function jpegSize(jpeg: Buffer): { width: number; height: number } {
  for (let at = 2; at + 9 < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    const marker = jpeg.readUInt16BE(at);
    if (marker >= 0xffc0 && marker <= 0xffc2) return { height: jpeg.readUInt16BE(at + 5), width: jpeg.readUInt16BE(at + 7) };
  }
  throw new Error('a JPEG without a frame header');
}

/** A JPEG that tells its size, as far as anyone reads who does not decode it. */
export function smallJpeg({ width, height, comment = '' }: { width: number; height: number; comment?: string }): Buffer {
  const segment = (marker: number, bytes: Buffer) => {
    const head = Buffer.from([0xff, marker, 0, 0]);
    head.writeUInt16BE(bytes.length + 2, 2);
    return Buffer.concat([head, bytes]);
  };
  const frame = Buffer.from([8, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  frame.writeUInt16BE(height, 1);
  frame.writeUInt16BE(width, 3);
  const parts = [segment(0xfe, Buffer.from(comment)), segment(0xc0, frame), segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0]))];
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...parts, Buffer.from([1, 2, 3, 0xff, 0xd9])]);
}

import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import type { Locator } from 'playwright-core';
import { decodeQR } from 'qr/decode.js';

/** What a phone reads from a QR code on the screen: its pixels, by another library than the one that drew it. Throws when it finds none. */
export async function scan(code: Locator): Promise<string> {
  const png = await code.screenshot();
  // PNG, 11.2.2: the header comes first, with the size.
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-i', 'pipe:0', '-f', 'rawvideo', '-pix_fmt', 'rgba', 'pipe:1'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  ffmpeg.stdin.end(png);
  return decodeQR({ width, height, data: new Uint8Array(await buffer(ffmpeg.stdout)) });
}

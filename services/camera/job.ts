/** What ffmpeg is asked to do for each kind of source: its arguments. Pure. */
import type { Mode } from './device/mode.ts';

/** Where ffmpeg reads from. */
export type Input = { kind: 'device'; path: string } | { kind: 'file'; path: string } | { kind: 'url'; url: string } | { kind: 'test' };

export interface Wanted {
  size: { width: number; height: number };
  /** Frames a second. */
  fps: number;
  /** Of what we encode, 1 to 100. */
  quality: number;
}

/** How the source is read. */
export interface Plan {
  /** The source gives MJPEG, which goes through untouched; all else is encoded. */
  copy: boolean;
  /** What the device was found to offer; null for other sources, and for a device that cannot be asked. */
  mode: Mode | null;
}

/** ffmpeg's arguments: those for its input, the input itself, those for its output, which is always its standard output. */
export interface Job {
  inputOptions: string[];
  input: string;
  outputOptions: string[];
  /** What ffmpeg reads on its standard input, which nobody else can; null when nothing. */
  script: string | null;
}

/** A server that says nothing for so long has gone, in microseconds. */
const SILENCE_US = String(5_000_000);
/** What an address may use, and how. */
const RTSP = { protocol_whitelist: 'rtp,udp,tcp,tls', format_whitelist: 'rtsp,sdp,rtp,mpegts', rtsp_transport: 'tcp', timeout: SILENCE_US };
/** No form that names other addresses or files (hls, dash, concat, sdp, image2). */
const HTTP = {
  protocol_whitelist: 'http,https,httpproxy,tcp,tls',
  format_whitelist: 'mpjpeg,mjpeg,jpeg_pipe,mov,matroska,avi,mpegts,flv,h264,hevc',
  rw_timeout: SILENCE_US,
};
/** Frames as they come: nothing is kept back to find out more about them. */
const AT_ONCE = ['-probesize', '32', '-analyzeduration', '0', '-fflags', 'nobuffer'];
const MPJPEG = ['-f', 'mpjpeg', '-flush_packets', '1'];
/** No cover picture, no sound. */
const FIRST_VIDEO = ['-map', '0:V:0'];
/** One thread: several would each keep a frame back. 4:2:0 is what every browser decodes fastest. */
const ENCODE = ['-c:v', 'mjpeg', '-huffman', 'default', '-pix_fmt', 'yuvj420p', '-threads', '1', '-fps_mode', 'passthrough'];
/** ffmpeg's scale of quality for MJPEG runs from 2, the best, to 31. */
const BEST_SCALE = 2;
const WORST_SCALE = 31;
/** Of small frames: on a tile nobody sees more. */
const SMALL_SCALE = 5;

export function captureJob(input: Input, wanted: Wanted, plan: Plan): Job {
  const outputOptions = [
    ...(input.kind === 'file' || input.kind === 'url' ? FIRST_VIDEO : []),
    ...(plan.copy ? ['-c', 'copy'] : [...ENCODE, '-q:v', String(scaleOf(wanted.quality))]),
    ...MPJPEG,
  ];
  return {
    inputOptions: [...quiet('warning'), ...optionsFor(input, wanted, plan)],
    input: address(input, wanted),
    outputOptions,
    script: scriptOf(input),
  };
}

function scaleOf(quality: number): number {
  return Math.round(WORST_SCALE - ((quality - 1) * (WORST_SCALE - BEST_SCALE)) / 99);
}

/** Opens the source, tells its streams on standard error, and ends with the first frame. */
export function probeJob(input: Input, wanted: Wanted): Job {
  const outputOptions = [...FIRST_VIDEO, '-c', 'copy', '-frames:v', '1', ...MPJPEG];
  return { inputOptions: [...quiet('info'), ...reach(input)], input: address(input, wanted), outputOptions, script: scriptOf(input) };
}

/**
 * Makes each frame small that comes on its standard input between `partHead` and `PART_END`, at once and in its turn. Without `nobuffer`:
 * with it ffmpeg throws the first frame away once it knows its size.
 */
export function smallJob({ width, height }: Wanted['size']): Job {
  return {
    inputOptions: [...quiet('error'), '-probesize', '32', '-analyzeduration', '0', '-flags', 'low_delay', '-threads', '1', '-f', 'mpjpeg'],
    input: 'pipe:0',
    outputOptions: ['-vf', `scale=${width}:${height}:flags=fast_bilinear`, ...ENCODE, '-q:v', String(SMALL_SCALE), ...MPJPEG],
    script: null,
  };
}

/** What stands before a frame of `bytes` bytes for `smallJob`; `PART_END` stands behind it. */
export function partHead(bytes: number): string {
  return `--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: ${bytes}\r\n\r\n`;
}
export const PART_END = '\r\n';

/** The codec (`mjpeg`, `h264`) of the stream that a probe has copied, from what it told; null when it told none. */
export function probedCodec(lines: string[]): string | null {
  const index = lines.map((line) => /Stream #0:(\d+) -> #0:0 \(copy\)/.exec(line)?.[1]).find((found) => found !== undefined);
  const stream = new RegExp(`^ *Stream #0:${index}\\b.*: Video: (\\w+)`);
  return lines.map((line) => stream.exec(line)?.[1]).find((found) => found !== undefined) ?? null;
}

function quiet(level: string): string[] {
  return ['-nostdin', '-hide_banner', '-nostats', '-v', level];
}

function optionsFor(input: Input, wanted: Wanted, { copy, mode }: Plan): string[] {
  switch (input.kind) {
    case 'device': {
      const format = mode?.inputFormat ?? (copy ? 'mjpeg' : null);
      const { width, height } = mode ?? wanted.size;
      const size = ['-framerate', String(mode?.fps ?? wanted.fps), '-video_size', `${width}x${height}`];
      return [...AT_ONCE, '-f', 'v4l2', ...(format ? ['-input_format', format] : []), ...size];
    }
    case 'file':
      return [...reach(input), '-re', '-stream_loop', '-1'];
    case 'url':
      // More than one decoding thread would keep frames back.
      return [...reach(input), '-fflags', 'nobuffer', ...(copy ? [] : ['-flags', 'low_delay', '-threads', '1'])];
    case 'test':
      return ['-re', '-f', 'lavfi'];
  }
}

/** Which protocols a source may use: a file must not lead to the network, and what stands for an address is read from the pipe. */
function reach(input: Input): string[] {
  if (input.kind === 'file') return ['-protocol_whitelist', 'file'];
  if (input.kind !== 'url') return [];
  // The streams are looked at behind the script; to look at them a second time would take time.
  return ['-protocol_whitelist', 'pipe', '-probesize', '32', '-analyzeduration', '0', '-f', 'concat', '-safe', '0'];
}

/**
 * An address goes to ffmpeg as an ffconcat script (ffmpeg-formats, concat), for everybody can read a process's arguments, and an address
 * may hold a login. Its own lists of protocols and forms see to it that a redirection or a playlist does not lead to our files.
 */
function scriptOf(input: Input): string | null {
  if (input.kind !== 'url') return null;
  const options = Object.entries(/^rtsp/i.test(input.url) ? RTSP : HTTP).map(([name, value]) => `option ${name} ${value}`);
  return `${['ffconcat version 1.0', `file '${input.url.replaceAll("'", "'\\''")}'`, ...options].join('\n')}\n`;
}

function address(input: Input, { size, fps }: Wanted): string {
  switch (input.kind) {
    case 'device':
      return input.path;
    case 'file':
      return `file:${input.path}`;
    case 'url':
      return 'pipe:0';
    case 'test':
      return `testsrc2=size=${size.width}x${size.height}:rate=${fps}`;
  }
}

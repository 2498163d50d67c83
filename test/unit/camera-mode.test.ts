import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FrameSize, PixelFormat } from '../../services/camera/device/capabilities.ts';
import { chooseMode, nextSmaller, ratesOf, sizesOf } from '../../services/camera/device/mode.ts';

/** `640x480@30,15` */
function format(fourcc: string, ...sizes: string[]): PixelFormat {
  return { fourcc, sizes: sizes.map(readSize) };
}

function readSize(text: string): FrameSize {
  const [size = '', rates = ''] = text.split('@');
  const [width = 0, height = 0] = size.split('x').map(Number);
  return { width, height, rates: rates === '' ? [] : rates.split(',').map(Number) };
}

function choose(formats: PixelFormat[], size: string, fps: number): string | null {
  const mode = chooseMode(formats, { size: readSize(size), fps });
  return mode && `${mode.fourcc} ${mode.width}x${mode.height}@${mode.fps}`;
}

const webcam = [
  format('YUYV', '640x480@30,15', '1920x1080@5'),
  format('H264', '1920x1080@30'),
  format('MJPG', '1920x1080@30,15', '640x480@60,30,15,7.5', '1280x720@60,30,15', '320x240@30'),
];

test('MJPEG first, though raw formats stand before it and fit better; it is copied', () => {
  assert.deepEqual(chooseMode(webcam, { size: { width: 1280, height: 720 }, fps: 30 }), {
    fourcc: 'MJPG',
    inputFormat: 'mjpeg',
    copy: true,
    width: 1280,
    height: 720,
    fps: 30,
  });
  const raspberry = [format('YU12'), format('JPEG', '64x64'), format('H264'), format('MJPG', '32x32')];
  assert.equal(chooseMode(raspberry, { size: { width: 64, height: 64 }, fps: 30 })?.fourcc, 'MJPG');
  assert.deepEqual(chooseMode([format('YUYV'), format('JPEG')], { size: { width: 64, height: 64 }, fps: 30 })?.copy, true);
});

test('else the cheapest raw one, colours before gray, H.264 last; it is encoded', () => {
  const of = (...formats: string[]) =>
    chooseMode(
      formats.map((each) => format(each)),
      { size: { width: 64, height: 64 }, fps: 30 },
    );
  assert.deepEqual(of('GREY', 'RGB3', 'YUYV', 'NV12')?.inputFormat, 'nv12');
  assert.deepEqual(of('H264', 'GREY', 'BGR3', 'UYVY')?.inputFormat, 'uyvy422');
  assert.deepEqual(of('H264', 'Y16', 'GREY')?.inputFormat, 'gray');
  assert.deepEqual(of('HEVC', 'H264')?.inputFormat, 'h264');
  assert.deepEqual(of('YV12')?.copy, false);
});

test('only Bayer, as a bare sensor gives it, or nothing: no mode', () => {
  const bayer = [format('RGGB', '640x480@30'), format('pgAA'), format('BA81'), format('Y16 -BE'), format('Z16')];
  assert.equal(choose(bayer, '640x480', 30), null);
  assert.equal(choose([], '640x480', 30), null);
  assert.deepEqual([sizesOf(bayer), ratesOf(bayer, { width: 640, height: 480 })], [[], []]);
});

test('the exact size, else the nearest by proportion, at a tie the larger', () => {
  assert.equal(choose(webcam, '640x480', 30), 'MJPG 640x480@30');
  assert.equal(choose(webcam, '1366x768', 30), 'MJPG 1280x720@30');
  assert.equal(choose(webcam, '9999x9999', 30), 'MJPG 1920x1080@30');
  assert.equal(choose(webcam, '160x120', 30), 'MJPG 320x240@30');
  assert.equal(choose([format('MJPG', '320x240', '1280x960')], '640x480', 30), 'MJPG 1280x960@30');
  assert.equal(choose([format('MJPG', '1280x960', '320x240')], '640x480', 30), 'MJPG 1280x960@30');
  assert.equal(choose([format('MJPG', '480x600', '750x600')], '600x600', 30), 'MJPG 750x600@30', 'equal but for rounding');
});

test('of that size the nearest rate, at a tie the higher', () => {
  assert.equal(choose(webcam, '640x480', 25), 'MJPG 640x480@30');
  assert.equal(choose(webcam, '640x480', 8), 'MJPG 640x480@7.5');
  assert.equal(choose(webcam, '320x240', 5), 'MJPG 320x240@30');
  assert.equal(choose([format('MJPG', '640x480@10,20')], '640x480', 15), 'MJPG 640x480@20');
});

test('what the device does not tell is taken as wanted', () => {
  assert.equal(choose([format('YUYV')], '800x600', 12), 'YUYV 800x600@12');
  assert.equal(choose([format('MJPG', '640x480')], '800x600', 12), 'MJPG 640x480@12');
});

test('what can be chosen is what the format has that would be taken', () => {
  const sizes = sizesOf(webcam).map(({ width, height }) => `${width}x${height}`);
  assert.deepEqual(sizes, ['320x240', '640x480', '1280x720', '1920x1080']);
  assert.deepEqual(sizesOf([format('MJPG', '640x480', '1000x200', '800x250')])[0], { width: 800, height: 250 });
  assert.deepEqual(ratesOf(webcam, { width: 640, height: 480 }), [60, 30, 15, 7.5]);
  assert.deepEqual(ratesOf(webcam, { width: 641, height: 480 }), []);
});

test('with no room on the bus: the next smaller size at the same rate, else the next lower rate', () => {
  const steps: string[] = [];
  let mode = chooseMode(webcam, { size: { width: 1920, height: 1080 }, fps: 30 });
  while (mode) {
    steps.push(`${mode.width}x${mode.height}@${mode.fps}`);
    const next = nextSmaller(webcam, mode);
    mode = next && { ...mode, ...next };
  }
  assert.deepEqual(steps, ['1920x1080@30', '1280x720@30', '640x480@30', '320x240@30']);
  const small = chooseMode(webcam, { size: { width: 640, height: 480 }, fps: 60 }) ?? assert.fail();
  assert.deepEqual(nextSmaller(webcam, small), { width: 640, height: 480, fps: 30 });
  assert.deepEqual(nextSmaller([format('MJPG', '800x600', '640x480')], { ...small, width: 800, height: 600, fps: 12 }), {
    width: 640,
    height: 480,
    fps: 12,
  });
  assert.equal(nextSmaller([], small), null);
});

test('no size or rate that is offered is nearer than the one chosen, and smaller always ends', () => {
  const side = fc.integer({ min: 10, max: 9_999 });
  const rates = fc.uniqueArray(fc.integer({ min: 1, max: 120 }), { maxLength: 6 });
  const size = fc.record({ width: side, height: side, rates });
  const formats = fc.array(fc.record({ fourcc: fc.constantFrom('MJPG', 'YUYV', 'RGGB'), sizes: fc.array(size, { maxLength: 8 }) }), {
    maxLength: 3,
  });
  const far = (a: { width: number; height: number }, b: { width: number; height: number }) =>
    Math.abs(Math.log(a.width / b.width)) + Math.abs(Math.log(a.height / b.height));
  fc.assert(
    fc.property(formats, size, fc.integer({ min: 1, max: 120 }), (offered, wanted, fps) => {
      let mode = chooseMode(offered, { size: wanted, fps });
      assert.equal(
        mode === null,
        offered.every(({ fourcc }) => fourcc === 'RGGB'),
      );
      for (const each of sizesOf(offered)) assert.ok(mode && far(mode, wanted) <= far(each, wanted) + 1e-6);
      for (const rate of mode ? ratesOf(offered, mode) : []) assert.ok(mode && Math.abs(mode.fps - fps) <= Math.abs(rate - fps));
      for (let steps = 0; mode; steps++) {
        assert.ok(steps < 100);
        const next = nextSmaller(offered, mode);
        if (next) assert.ok(next.width * next.height * next.fps < mode.width * mode.height * mode.fps);
        mode = next && { ...mode, ...next };
      }
    }),
  );
});

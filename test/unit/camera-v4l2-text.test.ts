import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Control } from '../../services/camera/device/capabilities.ts';
import { errnoOf } from '../../services/camera/device/errno.ts';
import { parseCapabilities } from '../../services/camera/device/v4l2-text.ts';

/** What v4l2-ctl 1.22 and 1.30 said of a webcam and of vivid, the kernel's test driver (its longest lists are shortened). */
const folder = join(import.meta.dirname, 'v4l2');
const texts = new Map(readdirSync(folder).map((file) => [file.replace('.txt', ''), readFileSync(join(folder, file), 'utf8')]));

function parse(name: string) {
  return parseCapabilities(texts.get(name) ?? assert.fail(`there is no ${name}.txt`));
}

function parseControls(lines: string): Map<string, Control> {
  return new Map(parseCapabilities(`\n\nUser Controls\n\n${lines}\n`).controls.map((control) => [control.name, control]));
}

function parseFormats(lines: string) {
  return parseCapabilities(`ioctl: VIDIOC_ENUM_FMT\n\tType: Video Capture\n\n${lines}\n`).formats;
}

test('a webcam as it is, 1.22', () => {
  const { controls, formats, ...info } = parse('uvc-automatic-1.22');
  assert.deepEqual(info, { driver: 'uvcvideo', card: 'C922 Pro Stream Webcam', bus: 'usb-vhci_hcd.0-1', capture: true });
  const rates = [30, 15, 10, 5];
  const vga = { width: 640, height: 480, rates };
  assert.deepEqual(formats, [
    { fourcc: 'MJPG', sizes: [vga, { width: 1280, height: 720, rates }] },
    { fourcc: 'YUYV', sizes: [vga] },
  ]);
  assert.deepEqual(
    controls.map(({ name, type, value, inactive }) => [name, type, value, inactive]),
    [
      ['brightness', 'int', 128, false],
      ['contrast', 'int', 128, false],
      ['power_line_frequency', 'menu', 2, false],
      ['auto_exposure', 'menu', 3, false],
      ['exposure_time_absolute', 'int', 250, true],
      ['focus_absolute', 'int', 0, true],
      ['focus_automatic_continuous', 'bool', 1, false],
    ],
  );
  assert.deepEqual(controls[3], {
    name: 'auto_exposure',
    type: 'menu',
    min: 0,
    max: 3,
    step: 1,
    default: 3,
    value: 3,
    text: null,
    menu: [
      { index: 1, text: 'Manual Mode' },
      { index: 3, text: 'Aperture Priority Mode' },
    ],
    readOnly: false,
    inactive: false,
  });
});

test('exposure set by hand, 1.30: its time is active now', () => {
  const exposure = parse('uvc-manual-1.30').controls.find(({ name }) => name === 'exposure_time_absolute');
  assert.deepEqual([exposure?.value, exposure?.inactive], [500, false]);
});

test("a webcam's metadata node gives no pictures, though its camera does", () => {
  const { capture, card, formats, controls } = parse('uvc-metadata-1.30');
  assert.deepEqual({ capture, card, formats, controls }, { capture: false, card: 'C922 Pro Stream Webcam', formats: [], controls: [] });
});

test('every type of control', () => {
  const { controls } = parse('vivid-1.22');
  const of = (name: string) => controls.find((control) => control.name === name) ?? assert.fail(name);
  const types = new Set(controls.map(({ type }) => type));
  assert.deepEqual([...types].sort(), ['bitmask', 'bool', 'button', 'int', 'int64', 'intmenu', 'menu', 'string']);
  const { min, max, default: usual, value } = of('integer_32_bits');
  assert.deepEqual({ min, max, usual, value }, { min: -(2 ** 31), max: 2 ** 31 - 1, usual: 0, value: 0 });
  assert.equal(of('hue').min, -128);
  assert.deepEqual([of('integer_64_bits').min, of('integer_64_bits').max], [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
  assert.deepEqual([of('boolean').min, of('boolean').max, of('boolean').value], [0, 1, 1]);
  assert.deepEqual([of('string').text, of('string').value, of('string').min, of('string').max], ['  ', null, 2, 4]);
  assert.deepEqual([of('bitmask').max, of('bitmask').default, of('bitmask').value], [0x80402010, 0x80002000, 0x80002000]);
  assert.deepEqual([of('integer_menu').value, of('integer_menu').menu[3]], [4, { index: 5, text: '8' }]);
  assert.deepEqual([of('button').value, of('button').type], [null, 'button']);
  assert.equal(of('read_only_integer_32_bits').readOnly, true);
  assert.deepEqual([of('gain').inactive, of('gain').value], [true, 30]);
  assert.equal(of('rx_rgb_quantization_range').menu[1]?.text, 'RGB Limited Range (16-235)');
  assert.deepEqual(
    of('menu').menu.map(({ index }) => index),
    [1, 3, 4],
  );
});

test('arrays and compound controls are left out, in old and new words', () => {
  for (const name of ['vivid-1.22', 'vivid-hdmi-1.30']) {
    const names = parse(name).controls.map((control) => control.name);
    assert.deepEqual(
      names.filter((each) => /array|matrix|area/.test(each)),
      [],
    );
    assert.ok(names.includes('read_only_integer_32_bits'), 'what follows them is there');
  }
});

test('a bitmask in hexadecimal, as 1.32 writes it', () => {
  const line = '                        bitmask 0x0098f906 (bitmask): max=0x80402010 default=0x80002000 value=0x80002000';
  assert.equal(parseControls(line).get('bitmask')?.value, 0x80002000);
  const all = '  mask 0x0098f906 (bitmask): max=0xffffffffffffffff default=0x00000000 value=-1';
  assert.deepEqual([parseControls(all).get('mask')?.max, parseControls(all).get('mask')?.value], [0xffffffff, 0xffffffff]);
});

test('flags: grabbed and read-only only tell, write-only tells nothing; no knob for the disabled, or for an array', () => {
  const controls = parseControls(`
     a 0x00980900 (int)    : min=0 max=9 step=1 default=1 value=2 flags=grabbed, slider
     b 0x00980901 (int)    : min=0 max=9 step=1 default=1 value=2 flags=read-only, volatile
     c 0x00980902 (int)    : min=0 max=9 step=1 default=1 value=0 flags=write-only, execute-on-write
     d 0x00980903 (int)    : min=0 max=9 step=1 default=1 value=2 flags=disabled
     e 0x00980904 (bool)   : default=1 value=1 flags=inactive, update, 0x00800000
     f 0x00980905 (int)    : min=0 max=9 step=1 default=1 dims=[4] flags=has-payload`);
  assert.deepEqual([...controls.keys()], ['a', 'b', 'c', 'e']);
  assert.deepEqual(
    [...controls.values()].map(({ value, readOnly, inactive }) => ({ value, readOnly, inactive })),
    [
      { value: 2, readOnly: true, inactive: false },
      { value: 2, readOnly: true, inactive: false },
      { value: null, readOnly: false, inactive: false },
      { value: 1, readOnly: false, inactive: true },
    ],
  );
});

test("names and texts that look like something else, cameras' mistakes, and words of later versions", () => {
  const controls = parseControls(`error 5 getting ctrl Backlight Compensation
                        3a_lock 0x009a091b (bitmask): max=0x00000007 default=0x00000000 value=0
                       led1_mode 0x0a046d05 (menu)   : min=0 max=3 default=9 value=4
				0: Off (flags=inactive)
				1: 2: On
				3: Auto  
				nothing
                         string 0x0098f905 (str)    : min=0 max=40 step=1 value='it's min=7' flags=x' flags=has-payload, read-only
      white_balance_temperature 0x0098091a (int)    : min=2800 max=6500 step=0 default=57343 value=57343 colour=blue flags=shiny
                           rect 0x0098f910 (rect)   : value=(0,0)/640x480 flags=has-payload
				5: of nobody
                  proto 0x0098f912 (constructor): value=1
                   hdr10 0x0098f911 (hdr10-cll-info): value=unsupported payload type flags=has-payload
                           half 0x00980915 (int)    : min=0 max=`);
  assert.deepEqual([...controls.keys()], ['3a_lock', 'led1_mode', 'string', 'white_balance_temperature', 'half']);
  assert.deepEqual(controls.get('led1_mode')?.menu, [
    { index: 0, text: 'Off (flags=inactive)' },
    { index: 1, text: '2: On' },
    { index: 3, text: 'Auto' },
  ]);
  assert.equal(controls.get('string')?.text, "it's min=7' flags=x");
  assert.deepEqual([controls.get('string')?.min, controls.get('string')?.readOnly], [0, true]);
  assert.deepEqual([controls.get('white_balance_temperature')?.default, controls.get('white_balance_temperature')?.step], [57343, 0]);
});

test('of two controls with one name the last counts: it is the one that would be set', () => {
  const lines = [1, 2].map((value) => `  gain 0x0098091${value} (int)    : min=0 max=9 step=1 default=1 value=${value}`);
  assert.deepEqual(
    [...parseControls(lines.join('\n')).values()].map(({ value }) => value),
    [2],
  );
});

test('what a device calls itself cannot steer a terminal, nor pass for a line of its own', () => {
  const { card, capture } = parseCapabilities(
    'Driver Info:\n\tCard type        : \x1b[31mRed\x07 : cam\r\n\tDevice Caps      : 0x04200001\n',
  );
  assert.deepEqual({ card, capture }, { card: '[31mRed : cam', capture: true });
});

test('several planes are pictures, too; memory to memory, metadata and output are none', () => {
  const captures = (caps: string) => parseCapabilities(`Driver Info (using libv4l2):\n\tDriver name      : x\n${caps}`).capture;
  assert.equal(captures('\tCapabilities     : 0x85231000\n\tDevice Caps      : 0x05231000\n'), true);
  assert.equal(captures('\tCapabilities     : 0x05000001\n\t\tVideo Capture\n'), true, 'kernels without Device Caps');
  assert.equal(captures('\tCapabilities     : 0x84204000\n\tDevice Caps      : 0x04204000\n'), false);
  assert.equal(captures('\tCapabilities     : 0x84a00001\n\tDevice Caps      : 0x04a00000\n'), false);
  assert.equal(captures('\tCapabilities     : 0x84200002\n\tDevice Caps      : 0x04200002\n'), false);
  assert.equal(captures(''), false);
});

test('the media device of the same camera is not the camera', () => {
  const media = 'Media Driver Info:\n\tDriver name      : uvcmedia\n\tBus info         : media-1\n\tDevice Caps      : 0x04200001\n';
  const { driver, bus, capture } = parseCapabilities(`Driver Info:\n\tDriver name      : uvcvideo\n\tBus info         : usb-1\n${media}`);
  assert.deepEqual({ driver, bus, capture }, { driver: 'uvcvideo', bus: 'usb-1', capture: false });
});

test('a format that is listed twice is one, with the sizes and rates of both', () => {
  const formats = parseFormats(`	[0]: 'MJPG' (Motion-JPEG, compressed, emulated)
		Size: Discrete 640x480
			Interval: Discrete 0.033s (30.000 fps)
			Interval: Discrete 0.033s (30.000 fps)
			Interval: Discrete 0.133s (7.500 fps)
			Interval: Discrete 0.000s (inf fps)
			Interval: Discrete 0.000s (10000000.000 fps)
	[1]: 'Y16 -BE' (16-bit Greyscale BE)
	[2]: 'MJPG' (Motion-JPEG, compressed)
		Size: Discrete 640x480
			Interval: Discrete 0.017s (60.000 fps)
		Size: Discrete 10000x10000
			Interval: Discrete 1.000s (1.000 fps)
		Size: Discrete 320x240
			Interval: Discrete 0.033s (29.970 fps)`);
  assert.deepEqual(formats, [
    {
      fourcc: 'MJPG',
      sizes: [
        { width: 640, height: 480, rates: [60, 30, 7.5] },
        { width: 320, height: 240, rates: [29.97] },
      ],
    },
    { fourcc: 'Y16 -BE', sizes: [] },
  ]);
});

test('of a range of sizes the common ones in it are offered, and the largest', () => {
  const sizes = (line: string) =>
    parseFormats(`\t[0]: 'MJPG' (Motion-JPEG)\n\t\tSize: ${line}`)[0]?.sizes.map(({ width, height }) => `${width}x${height}`);
  assert.deepEqual(sizes('Stepwise 32x32 - 1296x972 with step 2/2'), [
    ...['160x120', '320x240', '640x360', '640x480', '800x600', '1024x768', '1280x720', '1280x960', '1296x972'],
  ]);
  assert.deepEqual(sizes('Stepwise 48x32 - 720x576 with step 16/16'), ['320x240', '640x480', '720x576']);
  assert.deepEqual(sizes('Continuous 600x400 - 640x480'), ['640x480']);
  assert.deepEqual(sizes('Stepwise 600x400 - 648x488 with step 0/0'), ['640x480', '648x488']);
  assert.deepEqual(sizes('Stepwise 16x16 - 16384x8640 with step 2/2')?.at(-1), '3840x2160', 'no setting can write 16384');
  assert.deepEqual(parse('vivid-hdmi-1.30').formats[0]?.sizes.length, 11);
});

test('of a range of rates the common ones in it are offered, and the highest', () => {
  const rates = (line: string) =>
    parseFormats(`\t[0]: 'MJPG' (x)\n\t\tSize: Discrete 640x480\n\t\t\tInterval: ${line}`)[0]?.sizes[0]?.rates;
  assert.deepEqual(rates('Stepwise 0.040s - 1.000s with step 0.040s (1.000-25.000 fps)'), [25, 20, 15, 10, 5, 1]);
  assert.deepEqual(rates('Continuous 0.022s - 0.200s (5.000-45.000 fps)'), [45, 30, 25, 20, 15, 10, 5]);
  assert.deepEqual(rates('Stepwise 0.033s - 0.033s with step 0.000s (30.000-30.000 fps)'), [30]);
});

test('lists end somewhere', () => {
  const many = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i)).join('\n');
  const menu = `  m 0x00980900 (menu)   : min=0 max=9999 default=1 value=1\n${many(9_999, (i) => `\t\t\t\t${i}: text`)}`;
  assert.equal(parseControls(menu).get('m')?.menu.length, 128);
  assert.equal(parseControls(many(9_999, (i) => `  c${i} 0x00980900 (int)    : min=0 max=9 step=1 default=1 value=1`)).size, 128);
  const [format] = parseFormats(`\t[0]: 'MJPG' (x)\n${many(900, (i) => `\t\tSize: Discrete ${i + 100}x100`)}`);
  assert.equal(format?.sizes.length, 64);
  const [one] = parseFormats(
    `\t[0]: 'MJPG' (x)\n\t\tSize: Discrete 640x480\n${many(900, (i) => `\t\t\tInterval: Discrete 1.0s (${i + 1}.000 fps)`)}`,
  );
  assert.deepEqual([one?.sizes[0]?.rates.length, one?.sizes[0]?.rates[0]], [32, 900]);
  assert.equal(parseFormats(many(900, (i) => `\t[${i}]: 'F${i}' (x)`)).length, 128);
});

test('a text that is cut anywhere gives the beginning of the lists, and never half a number', () => {
  const whole = [...texts].map(([name, text]) => ({ text, found: parse(name) }));
  fc.assert(
    fc.property(fc.constantFrom(...whole), fc.nat(10_000), ({ text, found }, at) => {
      const cut = parseCapabilities(text.slice(0, Math.floor((text.length * at) / 10_000)));
      const known = new Map(found.controls.map((control) => [control.name, control]));
      for (const { menu, ...control } of cut.controls) {
        const { menu: all = [], ...same } = known.get(control.name) ?? {};
        assert.deepEqual(control, same);
        assert.deepEqual(menu, all.slice(0, menu.length));
      }
      for (const { fourcc, sizes } of cut.formats) {
        const all = found.formats.find((format) => format.fourcc === fourcc)?.sizes ?? [];
        for (const { width, height, rates } of sizes) {
          const same = all.find((size) => size.width === width && size.height === height);
          assert.ok(same && rates.every((rate) => same.rates.includes(rate)), `${fourcc} ${width}x${height}`);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('any text gives something of the right shape', () => {
  const lines = [...texts.values()].flatMap((text) => text.split('\n'));
  const line = fc.oneof(
    fc.constantFrom(...lines),
    fc.string({ unit: 'binary' }),
    fc.tuple(fc.constantFrom(...lines), fc.constantFrom(...lines), fc.nat(40)).map(([a, b, at]) => a.slice(0, at) + b.slice(at)),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 60 }), (some) => {
      const { controls, formats } = parseCapabilities(some.join('\n'));
      for (const control of controls) {
        for (const key of ['min', 'max', 'step', 'default'] as const) assert.ok(Number.isSafeInteger(control[key]), key);
        assert.ok(control.value === null || Number.isSafeInteger(control.value));
        assert.match(control.name, /^[a-z0-9][a-z0-9_]*$/);
      }
      for (const { width, height, rates } of formats.flatMap(({ sizes }) => sizes)) {
        assert.ok(width >= 10 && height >= 10 && width <= 9_999 && height <= 9_999);
        assert.ok(rates.every((rate) => rate > 0 && rate <= 1_000));
      }
    }),
    { numRuns: 100 },
  );
});

test('the error that v4l2-ctl speaks of', () => {
  assert.equal(errnoOf('Failed to open /dev/video0: Permission denied'), 'EACCES');
  assert.equal(errnoOf('Failed to open /dev/video0: Device or resource busy'), 'EBUSY');
  assert.equal(errnoOf('Failed to open /dev/video0: No such device'), 'ENODEV');
  assert.equal(errnoOf('Failed to open /dev/video0: No such device or address'), 'ENXIO');
  assert.equal(errnoOf('Failed to open /dev/video0: Operation not permitted'), 'EPERM');
  assert.equal(errnoOf('Cannot open device /dev/video77, exiting.'), 'ENOENT');
  assert.equal(errnoOf('VIDIOC_QUERYCAP: failed: Inappropriate ioctl for device; /dev/x: not a v4l2 node'), 'ENOTTY');
  assert.equal(errnoOf('Unable to detect what device /dev/null is, exiting.'), null);
});

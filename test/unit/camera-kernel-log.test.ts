import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pickKernelLines, readKernelLog, type Sign, signOf } from '../../services/camera/trouble/kernel-log.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

/** As kernels from 5.10 to 6.12 say it. */
const signs: [Sign, string[]][] = [
  ['power', ['hwmon hwmon1: Undervoltage detected!', 'Under-voltage detected! (0x00050005)']],
  ['current', ['usb usb1-port2: over-current change #3', 'hub 1-1:1.0: over-current condition on port 2']],
  [
    'controller',
    ['xhci_hcd 0000:01:00.0: HC died; cleaning up', 'xhci_hcd 0000:01:00.0: xHCI host controller not responding, assume dead'],
  ],
  ['memory', ['Out of memory: Killed process 812 (ffmpeg) total-vm:1kB', 'Memory cgroup out of memory: Killed process 812 (ffmpeg)']],
  [
    'bandwidth',
    [
      'uvcvideo: No fast enough alt setting for requested bandwidth',
      'usb 1-1.4: Not enough bandwidth for new device state.',
      'usb 1-1.4: Failed to submit URB 0 (-28).',
    ],
  ],
  [
    'signal',
    [
      'usb 1-1.4: device descriptor read/64, error -71',
      'usb 1-1.4: device not accepting address 7, error -71',
      'usb usb1-port2: unable to enumerate USB device',
      'usb usb1-port2: Cannot enable. Maybe the USB cable is bad?',
      'usb 1-1.4: Device not responding to setup address.',
      'usb 1-1.4: unable to read config index 0 descriptor/start: -71',
      "usb 1-1.4: can't set config #1, error -71",
      'uvcvideo 1-1.4:1.1: Failed to query (SET_CUR) UVC probe control : -110 (exp. 34).',
      'uvcvideo: Failed to initialize the device (-5).',
      'uvcvideo: Non-zero status (-71) in video completion handler.',
      'xhci_hcd 0000:01:00.0: ERROR Transfer event TRB DMA ptr not part of current TD ep_index 2 comp_code 13',
    ],
  ],
  ['unplugged', ['usb 1-1.4: USB disconnect, device number 5']],
];

test('each line is a sign of one thing', () => {
  for (const [sign, lines] of signs) for (const line of lines) assert.equal(signOf(line), sign, line);
  for (const line of [
    'usb 1-1.4: new high-speed USB device number 6 using xhci_hcd',
    'usb 1-1.4: reset high-speed USB device number 5 using xhci_hcd', // many webcams are, whenever they wake up
    'uvcvideo 1-1.4:1.0: Found UVC 1.00 device C922 Pro Stream Webcam (046d:085c)',
    'uvcvideo 1-1.4:1.0: Entity type for entity Processing 3 was not initialized!',
    'hwmon hwmon1: Voltage normalised',
    'EXT4-fs (vda): mounted filesystem',
  ]) {
    assert.equal(signOf(line), null, line);
  }
});

const record = (text: string, { at = 1000, level = 3 } = {}) => `${level},17,${at},-;${text}\n SUBSYSTEM=usb\n DEVICE=+usb:1-1.4\n`;
const lost = 'usb 1-1.4: USB disconnect, device number 5';

test('lines without a sign, from before, or from programs are left out; the text is cut at its end', () => {
  const records = [
    record('usb 1-1.4: new high-speed USB device number 5 using xhci_hcd'),
    record('usb 1-1.4: USB disconnect, device number 4', { at: 499 }),
    record(lost, { level: 6, at: 500 }),
    record('hwmon hwmon1: Undervoltage detected!', { level: 8 + 3 }),
    'no record',
    '',
    `3,18,1000,-,caller=T7;${'usb 1-1.4: over-current '.repeat(20)}\n`,
  ];
  const picked = pickKernelLines(records, null, 500);
  assert.equal(picked[0], lost);
  assert.equal(picked.length, 2);
  assert.equal(picked[1]?.length, 160);
});

test('lines of other ports are left out, those of the hubs on the way are not', () => {
  const mine = [
    'usb 1-1.4: device descriptor read/64, error -71',
    'usb 1-1-port4: unable to enumerate USB device',
    'usb 1-1: USB disconnect, device number 2',
    'usb usb1-port1: Cannot enable. Maybe the USB cable is bad?',
    'uvcvideo 1-1.4:1.1: Failed to query (GET_DEF) UVC probe control : -71 (exp. 26).',
    'hwmon hwmon1: Undervoltage detected!',
  ];
  const others = [
    'usb 1-1.3: device descriptor read/64, error -71',
    'usb 1-1-port3: unable to enumerate USB device',
    'usb 1-1.41: USB disconnect, device number 9',
    'usb 1-1.4.2: USB disconnect, device number 9',
    'usb usb1-port2: Cannot enable. Maybe the USB cable is bad?',
    'uvcvideo 1-2:1.1: Failed to query (GET_DEF) UVC probe control : -71 (exp. 26).',
  ];
  const records = [...mine, ...others].map((line) => record(line));
  assert.deepEqual(pickKernelLines(records, 'usb-0000:01:00.0-1.4', 0), mine);
  assert.deepEqual(pickKernelLines(records, null, 0), [...mine, ...others]);
  assert.deepEqual(pickKernelLines(records, 'platform:vivid-000', 0).length, 12);
});

test('what is said again and again is kept once, as the last; there are at most 12 lines', () => {
  const many = Array.from({ length: 30 }, (_, i) => record(`usb 1-1.4: USB disconnect, device number ${i}`));
  const picked = pickKernelLines([record('usb 1-1.4: over-current'), ...many, record(lost), record(lost)], null, 0);
  assert.equal(picked.length, 12);
  assert.equal(picked.at(-1), lost);
  assert.equal(picked.filter((line) => line === lost).length, 1);
});

test('without a log that we may read there are no records', (t) => {
  assert.deepEqual(readKernelLog('/nowhere/kmsg'), []);
  assert.deepEqual(readKernelLog('/dev/null'), []);
  const file = join(makeWorkDir(t), 'kmsg');
  writeFileSync(file, record('one') + record('two'));
  const records = readKernelLog(file);
  assert.deepEqual(
    records.map((each) => each.split('\n')[0]),
    ['3,17,1000,-;one', '3,17,1000,-;two'],
  );
  assert.deepEqual(readKernelLog(makeWorkDir(t)), []);
});

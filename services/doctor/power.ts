/** Whether a Raspberry Pi gets enough power, as its own sensor tells every user (drivers/hwmon/raspberrypi-hwmon.c). */
import path from 'node:path';
import { peekNames, peekText } from '../camera/trouble/peek.ts';

/** True while its supply gives too little; false while it does not; null where there is no such sensor. */
export function isPowerLow(sys: string): boolean | null {
  const folder = path.join(sys, 'class/hwmon');
  const line = (sensor: string, name: string) => peekText(path.join(folder, sensor, name)).trim();
  const sensor = peekNames(folder).find((name) => line(name, 'name') === 'rpi_volt');
  return sensor === undefined ? null : line(sensor, 'in0_lcrit_alarm') === '1';
}

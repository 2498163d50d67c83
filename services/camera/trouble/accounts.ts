/** Users and groups, from the texts of /etc/passwd and /etc/group (passwd(5), group(5)). Pure. */

export interface User {
  name: string;
  uid: number;
  /** Of its first group. */
  gid: number;
}

/** The user with this number; null when the text has none: it may be in a directory such as LDAP. */
export function findUser(passwd: string, uid: number): User | null {
  for (const line of passwd.split('\n')) {
    const [name, , id, gid] = line.split(':');
    if (name && id === String(uid)) return { name, uid, gid: Number(gid) };
  }
  return null;
}

/** The name of the group with this number; null when the text has none. */
export function findGroup(group: string, gid: number): string | null {
  for (const line of group.split('\n')) {
    const [name, , id] = line.split(':');
    if (name && id === String(gid)) return name;
  }
  return null;
}

/** The numbers of all groups that a fresh login of `user` has. */
export function groupsOf(group: string, user: User): number[] {
  const gids = new Set([user.gid]);
  for (const line of group.split('\n')) {
    const [, , gid, members] = line.split(':');
    if (gid && members?.split(',').includes(user.name)) gids.add(Number(gid));
  }
  return [...gids];
}

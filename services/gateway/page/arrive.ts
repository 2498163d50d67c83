/** Who comes from another site is led on from here, by a page of ours. What stands behind # in the address is kept. */
const { href } = document.querySelector('a') as HTMLAnchorElement;
location.replace(href + location.hash);

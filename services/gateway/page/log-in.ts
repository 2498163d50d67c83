/** Whoever logs in comes to the camera that the address names: what stands behind # in it is lost by a form, but kept by the answer to it. */
const form = document.querySelector('form');
if (form) form.action += location.hash;

/* The controls of a Logitech C922, named as uvcvideo names them, with their values in FAKECAM_STATE. */
#define _GNU_SOURCE
#include "fakecam.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MAX_MENU 4
#define MAX_SET 32

struct control {
  unsigned id, type;
  const char *name;
  int min, max, step, fallback;
  /* The automatic that rules it, and the value at which it does not. */
  unsigned ruler;
  int manual;
  const char *menu[MAX_MENU];
};

/* In the order of their ids, as V4L2_CTRL_FLAG_NEXT_CTRL wants it. */
static const struct control controls[] = {
  { V4L2_CID_USER_CLASS, V4L2_CTRL_TYPE_CTRL_CLASS, "User Controls", 0, 0, 0, 0, 0, 0, { 0 } },
  { V4L2_CID_BRIGHTNESS, V4L2_CTRL_TYPE_INTEGER, "Brightness", 0, 255, 1, 128, 0, 0, { 0 } },
  { V4L2_CID_CONTRAST, V4L2_CTRL_TYPE_INTEGER, "Contrast", 0, 255, 1, 128, 0, 0, { 0 } },
  { V4L2_CID_SATURATION, V4L2_CTRL_TYPE_INTEGER, "Saturation", 0, 255, 1, 128, 0, 0, { 0 } },
  { V4L2_CID_AUTO_WHITE_BALANCE, V4L2_CTRL_TYPE_BOOLEAN, "White Balance, Automatic", 0, 1, 1, 1, 0, 0, { 0 } },
  { V4L2_CID_GAIN, V4L2_CTRL_TYPE_INTEGER, "Gain", 0, 255, 1, 0, 0, 0, { 0 } },
  { V4L2_CID_POWER_LINE_FREQUENCY, V4L2_CTRL_TYPE_MENU, "Power Line Frequency", 0, 2, 1, 2, 0, 0, { "Disabled", "50 Hz", "60 Hz" } },
  { V4L2_CID_WHITE_BALANCE_TEMPERATURE, V4L2_CTRL_TYPE_INTEGER, "White Balance Temperature", 2000, 6500, 1, 4000,
    V4L2_CID_AUTO_WHITE_BALANCE, 0, { 0 } },
  { V4L2_CID_SHARPNESS, V4L2_CTRL_TYPE_INTEGER, "Sharpness", 0, 255, 1, 128, 0, 0, { 0 } },
  { V4L2_CID_BACKLIGHT_COMPENSATION, V4L2_CTRL_TYPE_INTEGER, "Backlight Compensation", 0, 1, 1, 0, 0, 0, { 0 } },
  { V4L2_CID_CAMERA_CLASS, V4L2_CTRL_TYPE_CTRL_CLASS, "Camera Controls", 0, 0, 0, 0, 0, 0, { 0 } },
  { V4L2_CID_EXPOSURE_AUTO, V4L2_CTRL_TYPE_MENU, "Auto Exposure", 0, 3, 1, 3, 0, 0,
    { NULL, "Manual Mode", NULL, "Aperture Priority Mode" } },
  { V4L2_CID_EXPOSURE_ABSOLUTE, V4L2_CTRL_TYPE_INTEGER, "Exposure Time, Absolute", 3, 2047, 1, 250, V4L2_CID_EXPOSURE_AUTO, 1, { 0 } },
  { V4L2_CID_EXPOSURE_AUTO_PRIORITY, V4L2_CTRL_TYPE_BOOLEAN, "Exposure, Dynamic Framerate", 0, 1, 1, 0, 0, 0, { 0 } },
  { V4L2_CID_PAN_ABSOLUTE, V4L2_CTRL_TYPE_INTEGER, "Pan, Absolute", -36000, 36000, 3600, 0, 0, 0, { 0 } },
  { V4L2_CID_FOCUS_ABSOLUTE, V4L2_CTRL_TYPE_INTEGER, "Focus, Absolute", 0, 250, 5, 0, V4L2_CID_FOCUS_AUTO, 0, { 0 } },
  { V4L2_CID_FOCUS_AUTO, V4L2_CTRL_TYPE_BOOLEAN, "Focus, Automatic Continuous", 0, 1, 1, 1, 0, 0, { 0 } },
  { V4L2_CID_ZOOM_ABSOLUTE, V4L2_CTRL_TYPE_INTEGER, "Zoom, Absolute", 100, 500, 1, 100, 0, 0, { 0 } },
};
#define COUNT (sizeof controls / sizeof *controls)

static const struct control *find_control(unsigned id) {
  for (size_t i = 0; i < COUNT; i++)
    if (controls[i].id == id) return &controls[i];
  return NULL;
}

/* With its flags for "the next one", as V4L2 has it: the first whose id is greater. */
static const struct control *find_queried(unsigned id) {
  if (!(id & (V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND))) return find_control(id);
  for (size_t i = 0; id & V4L2_CTRL_FLAG_NEXT_CTRL && i < COUNT; i++)
    if (controls[i].id > (id & V4L2_CTRL_ID_MASK)) return &controls[i];
  return NULL;
}

/* White Balance, Automatic -> white_balance_automatic: so v4l2-ctl calls it, and so does the file. */
static struct entry entry_of(const struct control *control, long value) {
  struct entry entry = { .value = value };
  size_t length = 0;
  for (const char *c = control->name; *c && length < sizeof entry.name - 1; c++) {
    if (isalnum((unsigned char)*c)) entry.name[length++] = (char)tolower((unsigned char)*c);
    else if (length && entry.name[length - 1] != '_') entry.name[length++] = '_';
  }
  return entry;
}

static int value_of(const struct control *control) {
  return (int)state_get(entry_of(control, 0).name, control->fallback);
}

static int is_inactive(const struct control *control) {
  const struct control *ruler = find_control(control->ruler);
  return ruler && value_of(ruler) != control->manual;
}

static unsigned flags_of(const struct control *control) {
  if (control->type == V4L2_CTRL_TYPE_CTRL_CLASS) return V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_WRITE_ONLY;
  return is_inactive(control) ? V4L2_CTRL_FLAG_INACTIVE : 0;
}

/* While frames come: may the exposure take longer than a frame? */
int is_dynamic_framerate(void) { return has_state() && value_of(find_control(V4L2_CID_EXPOSURE_AUTO_PRIORITY)); }

/* ---- what can be asked ---- */

static int query(struct v4l2_queryctrl *to) {
  const struct control *control = find_queried(to->id);
  if (!control) return fail(EINVAL);
  memset(to, 0, sizeof *to);
  to->id = control->id;
  to->type = control->type;
  strcpy((char *)to->name, control->name);
  to->minimum = control->min;
  to->maximum = control->max;
  to->step = control->step;
  to->default_value = control->fallback;
  to->flags = flags_of(control);
  return 0;
}

static int query_ext(struct v4l2_query_ext_ctrl *to) {
  const struct control *control = find_queried(to->id);
  if (!control) return fail(EINVAL);
  memset(to, 0, sizeof *to);
  to->id = control->id;
  to->type = control->type;
  strcpy(to->name, control->name);
  to->minimum = control->min;
  to->maximum = control->max;
  to->step = (unsigned)control->step;
  to->default_value = control->fallback;
  to->flags = flags_of(control);
  to->elem_size = sizeof(int);
  to->elems = 1;
  return 0;
}

static int query_menu(struct v4l2_querymenu *to) {
  const struct control *control = find_control(to->id);
  if (!control || control->type != V4L2_CTRL_TYPE_MENU || to->index >= MAX_MENU || !control->menu[to->index]) return fail(EINVAL);
  strcpy((char *)to->name, control->menu[to->index]);
  to->reserved = 0;
  return 0;
}

/* ---- values ---- */

/* Is it a control that has a value, and of the class that the list is for? */
static const struct control *find_valued(const struct v4l2_ext_controls *list, unsigned id, int *code) {
  const struct control *control = find_control(id);
  int any = list->which == V4L2_CTRL_WHICH_CUR_VAL || list->which == V4L2_CTRL_WHICH_DEF_VAL;
  *code = !control || (!any && V4L2_CTRL_ID2WHICH(id) != list->which) ? EINVAL : control->type == V4L2_CTRL_TYPE_CTRL_CLASS ? EACCES : 0;
  return *code ? NULL : control;
}

static int get(struct v4l2_ext_controls *list) {
  list->error_idx = list->count;
  for (unsigned i = 0; i < list->count; i++) {
    int code;
    const struct control *control = find_valued(list, list->controls[i].id, &code);
    if (!control) return fail(code);
    list->controls[i].value = list->which == V4L2_CTRL_WHICH_DEF_VAL ? control->fallback : value_of(control);
  }
  list->error_idx = 0;
  return 0;
}

/* What the same call sets the automatic to counts, wherever in the list that stands. */
static int is_ruled(const struct v4l2_ext_controls *list, const struct control *control) {
  for (unsigned i = 0; i < list->count; i++)
    if (control->ruler && list->controls[i].id == control->ruler) return list->controls[i].value != control->manual;
  return is_inactive(control);
}

/* 0, with the value at its nearest step, or an errno. Where uvcvideo moves a number into the range, this refuses it. */
static int check_value(const struct control *control, int *value) {
  if (*value < control->min || *value > control->max) return ERANGE;
  if (control->type == V4L2_CTRL_TYPE_MENU) return control->menu[*value] ? 0 : EINVAL;
  *value = control->min + (*value - control->min + control->step / 2) / control->step * control->step;
  return 0;
}

/* All or none; `apply` 0 only tries. */
static int set(struct v4l2_ext_controls *list, int apply) {
  struct entry changes[MAX_SET];
  if (list->count > MAX_SET || list->which == V4L2_CTRL_WHICH_DEF_VAL) return fail(EINVAL);
  for (unsigned i = 0; i < list->count; i++) {
    int code;
    const struct control *control = find_valued(list, list->controls[i].id, &code);
    if (!code && apply && is_ruled(list, control)) code = EACCES;
    int value = list->controls[i].value;
    if (!code) code = check_value(control, &value);
    list->error_idx = apply ? list->count : i;
    if (code) return fail(code);
    list->controls[i].value = value;
    changes[i] = entry_of(control, value);
  }
  list->error_idx = 0;
  return apply ? state_set(changes, (int)list->count) : 0;
}

/* The old calls for a single one are the new ones with a list of one, as in the kernel. */
static int get_or_set_one(struct v4l2_control *one, int (*work)(struct v4l2_ext_controls *)) {
  struct v4l2_ext_control control = { .id = one->id, .value = one->value };
  struct v4l2_ext_controls list = { .which = V4L2_CTRL_WHICH_CUR_VAL, .count = 1, .controls = &control };
  int result = work(&list);
  if (!result) one->value = control.value;
  return result;
}
static int apply(struct v4l2_ext_controls *list) { return set(list, 1); }

int control_ioctl(unsigned long request, void *arg) {
  if (!has_state()) return fail(ENOTTY);
  switch (request) {
    case VIDIOC_QUERYCTRL: return query(arg);
    case VIDIOC_QUERY_EXT_CTRL: return query_ext(arg);
    case VIDIOC_QUERYMENU: return query_menu(arg);
    case VIDIOC_G_CTRL: return get_or_set_one(arg, get);
    case VIDIOC_S_CTRL: return get_or_set_one(arg, apply);
    case VIDIOC_G_EXT_CTRLS: return get(arg);
    case VIDIOC_S_EXT_CTRLS: return set(arg, 1);
    case VIDIOC_TRY_EXT_CTRLS: return set(arg, 0);
    default: return fail(ENOTTY);
  }
}

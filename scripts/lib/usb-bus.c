/*
 * A USB bus for pcscd with one reader on it, which is there as long as BUS/unplugged is not. It stands in for the
 * few functions of libudev that pcscd uses (LD_PRELOAD), so that all of pcscd's own code for readers that come and
 * go runs as with a cable. The vendor and product are those in the driver's bundle.
 */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

struct udev;
struct udev_device;
struct udev_enumerate;
struct udev_list_entry;
struct udev_monitor;

/* pcscd asks every object only for what is known here, and every one of them is this. */
static char the_only_one;
#define THE(type) ((struct type *)&the_only_one)

static int is_plugged(void) { return access(BUS "/unplugged", F_OK) != 0; }

struct udev *udev_new(void) { return THE(udev); }
struct udev *udev_unref(struct udev *udev) { return (void)udev, NULL; }

/* What is on the bus when pcscd starts. */
struct udev_enumerate *udev_enumerate_new(struct udev *udev) { return (void)udev, THE(udev_enumerate); }
struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *all) { return (void)all, NULL; }
int udev_enumerate_add_match_subsystem(struct udev_enumerate *all, const char *name) { return (void)all, (void)name, 0; }
int udev_enumerate_scan_devices(struct udev_enumerate *all) { return (void)all, 0; }
struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *all) {
    return (void)all, is_plugged() ? THE(udev_list_entry) : NULL;
}
struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry) { return (void)entry, NULL; }
const char *udev_list_entry_get_name(struct udev_list_entry *entry) { return (void)entry, "/sys/bus/usb/devices/1-1"; }

/* The device, its interface and its node. */
struct udev_device *udev_device_new_from_syspath(struct udev *udev, const char *path) {
    return (void)udev, (void)path, THE(udev_device);
}
struct udev_device *udev_device_unref(struct udev_device *device) { return (void)device, NULL; }
struct udev_device *udev_device_get_parent_with_subsystem_devtype(
    struct udev_device *device, const char *subsystem, const char *type) {
    return (void)subsystem, (void)type, device;
}
const char *udev_device_get_devnode(struct udev_device *device) { return (void)device, "/dev/bus/usb/001/001"; }
const char *udev_device_get_sysname(struct udev_device *device) { return (void)device, "1-1:1.0"; }
const char *udev_device_get_sysattr_value(struct udev_device *device, const char *name) {
    (void)device;
    if (strcmp(name, "idVendor") == 0) return "f042";
    if (strcmp(name, "idProduct") == 0) return "6572";
    if (strcmp(name, "bConfigurationValue") == 0) return "1";
    if (strcmp(name, "bInterfaceNumber") == 0) return "00";
    if (strcmp(name, "bInterfaceClass") == 0) return "0b";
    return NULL;
}

/* News: whatever changes in BUS, pcscd looks what is the case now. */
static int news = -1;

struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *name) {
    return (void)udev, (void)name, THE(udev_monitor);
}
int udev_monitor_filter_add_match_subsystem_devtype(
    struct udev_monitor *monitor, const char *subsystem, const char *type) {
    return (void)monitor, (void)subsystem, (void)type, 0;
}
int udev_monitor_enable_receiving(struct udev_monitor *monitor) {
    (void)monitor;
    news = inotify_init1(IN_CLOEXEC);
    return inotify_add_watch(news, BUS, IN_CREATE | IN_DELETE) < 0 ? -1 : 0;
}
int udev_monitor_get_fd(struct udev_monitor *monitor) { return (void)monitor, news; }
struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor) {
    char event[4096];
    (void)monitor;
    return read(news, event, sizeof event) > 0 ? THE(udev_device) : NULL;
}
const char *udev_device_get_action(struct udev_device *device) {
    return (void)device, is_plugged() ? "add" : "remove";
}

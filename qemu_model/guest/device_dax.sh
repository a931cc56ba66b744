# Turns the namespace behind /dev/pmem$1 into device DAX with an alignment of $2
# bytes and prints the device's path: what ndctl create-namespace -m devdax does.
# SPDX-License-Identifier: GPL-2.0-or-later

set -e
bus=/sys/bus/nd
namespace=$(basename "$(readlink -f "/sys/block/pmem$1/device")")
case $namespace in
namespace*) ;;
*) namespace=$(cat "/sys/block/pmem$1/device/namespace") ;;
esac
region=${namespace#namespace}
region=${region%.*}
echo "$namespace" >"$bus/drivers/nd_pmem/unbind"
seed=$(cat "$bus/devices/region$region/dax_seed")
cd "$bus/devices/$seed"
cat /proc/sys/kernel/random/uuid >uuid
echo ram >mode
echo "$2" >align
echo "$namespace" >namespace
echo "$seed" >"$bus/drivers/dax_pmem/bind"
for device in "$bus/devices/$seed"/dax*.*; do
    name=$(basename "$device")
    if [ -c "/dev/$name" ]; then
        echo "/dev/$name"
        exit 0
    fi
done
echo "no device appeared below $bus/devices/$seed" >&2
ls "$bus/devices/$seed" >&2
exit 1

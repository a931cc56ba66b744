/*
 * The three calls that reserve, map and unmap a block, as often as told, and how
 * long one round takes in nanoseconds: what a user would write instead.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define BLOCK (4UL << 20)
#define ALIGN (2UL << 20)

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 100000;
    double begin = now();

    for (long i = 0; i < rounds; i++) {
        char *reserved = mmap(NULL, BLOCK + ALIGN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        char *aligned = (char *)(((uintptr_t)reserved + ALIGN - 1) & ~(ALIGN - 1));

        mmap(aligned, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        munmap(reserved, BLOCK + ALIGN);
    }
    printf("%f\n", (now() - begin) / rounds);
    return 0;
}

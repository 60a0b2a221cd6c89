/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers by chance, the same at every run and on every machine: logarithm and
 * exponential are our own, because libm's last bit differs between processors
 * (glibc picks a variant with fused multiply-add where there is one). For the
 * same reason the compiler must not fuse; gcc -std=c11 does not.
 */
#ifndef MAILWALL_CHANCE_H
#define MAILWALL_CHANCE_H

#include <stdint.h>
#include <string.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

struct chance {
	uint64_t state;
};

/* A parameter of a population; each source draws its own from between. */
struct range {
	double low, high;
};

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the finalizer, */
static inline uint64_t chance_hash(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

/* two numbers to one, */
static inline uint64_t chance_mix(uint64_t a, uint64_t b)
{
	return chance_hash(chance_hash(a + 0x9e3779b97f4a7c15) + b);
}

/* and the stream. */
static inline uint64_t chance_next(struct chance *c)
{
	return chance_hash(c->state += 0x9e3779b97f4a7c15);
}

/* From 0 up to, not with, 1. */
static inline double chance_unit_of(uint64_t x)
{
	return (double)(x >> 11) * 0x1p-53;
}

static inline double chance_unit(struct chance *c)
{
	return chance_unit_of(chance_next(c));
}

/* From 0 to n - 1; n is under 2^32. */
static inline uint32_t chance_below(struct chance *c, uint32_t n)
{
	return (uint32_t)(((chance_next(c) >> 32) * n) >> 32);
}

/* ln x = e ln 2 + 2 atanh((m - 1) / (m + 1)), x = m 2^e, m about 1. */
static inline double chance_ln(double x)
{
	uint64_t bits;
	int exponent;
	double m, z, square, sum = 0;

	memcpy(&bits, &x, sizeof(bits));
	exponent = (int)(bits >> 52) - 1023;
	bits = (bits & 0xfffffffffffff) | 0x3ff0000000000000;
	memcpy(&m, &bits, sizeof(m));
	if (m > 1.4142135623730951) {
		m /= 2;
		exponent++;
	}
	z = (m - 1) / (m + 1);
	square = z * z;
	for (int i = 17; i >= 1; i -= 2)
		sum = sum * square + 1.0 / i;
	return exponent * 0.6931471805599453 + 2 * z * sum;
}

/* e^x = 2^k e^r, by Taylor's series for r; x is from -700 to 700. */
static inline double chance_exp(double x)
{
	double scaled = x * 1.4426950408889634, power, sum = 1, r;
	int k = (int)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
	uint64_t bits = (uint64_t)(k + 1023) << 52;

	r = x - k * 0.6931471805599453;
	for (int i = 13; i >= 1; i--)
		sum = 1 + sum * r / i;
	memcpy(&power, &bits, sizeof(power));
	return sum * power;
}

/* Heron's method; it falls to the root from above. */
static inline double chance_root(double x)
{
	double root = x > 1 ? x : 1, next;

	if (x <= 0)
		return 0;
	while ((next = (root + x / root) / 2) < root)
		root = next;
	return root;
}

static inline double chance_uniform(struct chance *c, struct range r)
{
	return r.low + (r.high - r.low) * chance_unit(c);
}

/* Each octave alike: what a rate "from 2 to 20" means for a population. */
static inline double chance_octave(struct chance *c, struct range r)
{
	if (r.low <= 0 || r.low >= r.high)
		return chance_uniform(c, r);
	return r.low * chance_exp(chance_unit(c) * chance_ln(r.high / r.low));
}

/* The time until the next event of a Poisson process. */
static inline double chance_wait(struct chance *c, double mean)
{
	return -mean * chance_ln(1 - chance_unit(c));
}

/* Mean 0, deviation 1, by Irwin and Hall: none is beyond 6. */
static inline double chance_normal(struct chance *c)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += chance_unit(c);
	return sum;
}

/* How many of a large crowd. */
static inline uint32_t chance_poisson(struct chance *c, double mean)
{
	uint32_t n = 0;

	if (mean > 50) {
		double x = mean + chance_root(mean) * chance_normal(c);

		return x > 0 ? (uint32_t)(x + 0.5) : 0;
	}
	for (double at = chance_wait(c, 1); at < mean; at += chance_wait(c, 1))
		n++;
	return n;
}

/* Zipf with exponent 1, near enough: the rank, from 0 to n - 1. */
static inline uint32_t chance_zipf_of(double unit, uint32_t n)
{
	uint32_t rank = (uint32_t)chance_exp(unit * chance_ln(n + 1.0));

	return rank < 1 ? 0 : rank > n ? n - 1 : rank - 1;
}

static inline uint32_t chance_zipf(struct chance *c, uint32_t n)
{
	return chance_zipf_of(chance_unit(c), n);
}

#endif

/*
 * What is counted, for /info and /metrics.
 */
#include "job/internal.h"

#define US   1e-6
#define MS   1e-3
#define MEGA (1024.0 * 1024.0)

const double job_time_bounds[JOB_BUCKETS] = {
    50 * US, 100 * US, 250 * US, 500 * US, 1 * MS, 2.5 * MS, 5 * MS, 10 * MS,
    25 * MS, 50 * MS,  100 * MS, 250 * MS, 1,      5,        30,     120,
};

const double job_gas_bounds[JOB_BUCKETS] = {
    1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8, 3e8, 1e9, 1e10, 2e10, 2e11,
};

const double job_memory_bounds[JOB_BUCKETS] = {
    1 * MEGA,  1.5 * MEGA, 2 * MEGA,  3 * MEGA,  4 * MEGA,  6 * MEGA,   8 * MEGA,   12 * MEGA,
    16 * MEGA, 24 * MEGA,  32 * MEGA, 48 * MEGA, 64 * MEGA, 128 * MEGA, 192 * MEGA, 256 * MEGA,
};

void job_histogram_add(struct job_histogram *histogram, const double bounds[JOB_BUCKETS],
                       double value)
{
    int bucket = 0;
    while (bucket < JOB_BUCKETS && value > bounds[bucket])
        bucket++;
    histogram->count[bucket]++;
    histogram->total++;
    histogram->sum += value;
}

const struct job_stats *job_service_stats(struct job_service *service)
{
    if (service->pool)
        exec_pool_stats(service->pool, &service->stats.pool);
    service->stats.receipts = service->signing.stats;
    return &service->stats;
}

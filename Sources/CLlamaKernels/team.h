// A persistent team of threads that divide numbered chunks of a job among them.
#ifndef CLLAMAKERNELS_TEAM_H
#define CLLAMAKERNELS_TEAM_H

#include <stddef.h>
#include <stdint.h>

typedef struct lk_team lk_team;

// Does chunk `chunk` of a job as member `member` of the team.
typedef void (*lk_work)(void *job, uint32_t chunk, int member);

// The calling thread is member 0; threads - 1 more are started. NULL where the system has no memory or threads left.
lk_team *lk_team_create(int threads);
void lk_team_destroy(lk_team *team);
int lk_team_size(const lk_team *team);

// Runs work(job, 0 ..< chunks) and returns when every chunk is done. Chunks are started in ascending order.
void lk_team_run(lk_team *team, lk_work work, void *job, uint32_t chunks);

#endif

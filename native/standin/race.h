// Order between the accesses of one launch's threads, for the race check.
#pragma once

namespace standin {

void raceBeginLaunch();
void raceBeginBlock();
void raceBarrier();                                      // all threads of the block have met
void raceSyncWarp(unsigned firstThread, unsigned mask);  // these lanes have met

}  // namespace standin

// The tests of LedgerContract; included by the test of each implementation.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_TESTS_H_
#define TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_TESTS_H_

#include "tests/support/ledger_contract_batches.h"
#include "tests/support/ledger_contract_decisions.h"
#include "tests/support/ledger_contract_erasure.h"
#include "tests/support/ledger_contract_facts.h"
#include "tests/support/ledger_contract_requests.h"

namespace tenuto::testing {

REGISTER_TYPED_TEST_SUITE_P(
    LedgerContract, AcceptsNewEventsAndFoldsThem, KnowsDuplicatesInsideABatch,
    KnowsDuplicatesAcrossCommits, AgesMarksByReceipt, ScansFromAPosition,
    ScansUntilToldToStop, ShowsStatesOfOnePartitionInKeyOrder,
    CommitsSourceMarksWithTheEvents, StatesItsFacts, KnowsHowFarItWasTold,
    AnswersARepeatedRequestWithoutASecondEffect, RefusesTheSameIdOnOtherBody,
    ForgetsARequestAfterADay, LeavesNothingOfADecisionThatFailed,
    LoadsManyStatesAsItLoadsEach, RemembersAnAnswerWithoutAnEvent,
    GivesTheStateToTheDecision, ErasesAUserAndNobodyElse,
    LetsAnErasedUserStartBlank, GivesTheSameReceiptForTheSameErasure,
    ForgetsTheAnswersAboutAnErasedUser);

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_TESTS_H_

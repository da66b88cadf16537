//! Deficit round robin, held against its definition: nobody starves, backed-up lanes get equal parts, and no place stays
//! empty while something waits.

use std::collections::HashMap;

use mailward_fair::{QUANTUM, Turns};
use proptest::prelude::*;

const LARGEST: u64 = 4 * QUANTUM;

/// Pushes into one of six lanes, takes, or finishes what was taken first.
#[derive(Clone, Debug)]
enum Act {
    Push(u8, u64),
    Take,
    Done,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0u8..6, 1..LARGEST).prop_map(|(lane, octets)| Act::Push(lane, octets)),
        4 => Just(Act::Take),
        3 => Just(Act::Done),
    ];
    proptest::collection::vec(act, 1..400)
}

proptest! {
    #[test]
    fn everything_comes_out_once_in_the_order_of_its_lane_and_nothing_waits_without_need(acts in acts()) {
        let mut turns = Turns::new(16);
        let (mut next, mut out, mut running) = (HashMap::new(), HashMap::<u8, u64>::new(), Vec::new());
        for act in acts {
            match act {
                Act::Push(lane, octets) => {
                    let number = next.entry(lane).or_insert(0u64);
                    turns.push(lane, octets, *number);
                    *number += 1;
                }
                Act::Take => {
                    let waited = turns.len();
                    let taken = turns.take();
                    prop_assert_eq!(taken.is_some(), waited > 0, "work waits although there is a place");
                    if let Some((lane, number)) = taken {
                        let expected = out.entry(lane).or_insert(0);
                        prop_assert_eq!(number, *expected);
                        *expected += 1;
                        running.push(lane);
                    }
                }
                Act::Done => if !running.is_empty() {
                    turns.done(&running.remove(0));
                },
            }
        }
        while let Some((lane, number)) = turns.take() {
            let expected = out.entry(lane).or_insert(0);
            prop_assert_eq!(number, *expected);
            *expected += 1;
            running.push(lane);
        }
        for lane in running {
            turns.done(&lane);
        }
        prop_assert_eq!(out, next.into_iter().collect::<HashMap<_, _>>());
        prop_assert_eq!(turns.lanes().count(), 0);
    }

    #[test]
    fn lanes_that_are_backed_up_get_equal_parts(
        sizes in proptest::collection::vec(proptest::collection::vec(QUANTUM / 16..LARGEST, 200), 2..6),
        takes in 1usize..200,
    ) {
        let mut turns = Turns::new(16);
        for (lane, things) in sizes.iter().enumerate() {
            for octets in things {
                turns.push(lane, *octets, *octets);
            }
        }
        let mut served = vec![0u64; sizes.len()];
        for _ in 0..takes {
            let (lane, octets) = turns.take().expect("all are backed up");
            served[lane] += octets;
            turns.done(&lane);
        }
        // Two lanes differ by a turn each and by what each has saved for a thing it could not afford yet.
        let (least, most) = (served.iter().min().expect("lanes"), served.iter().max().expect("lanes"));
        prop_assert!(most - least <= 2 * (QUANTUM + LARGEST), "{served:?}");
    }

    #[test]
    fn a_newcomer_waits_for_one_round_at_most_whatever_the_others_piled_up(
        piles in proptest::collection::vec(1usize..500, 1..20),
        before in 0usize..100,
    ) {
        let mut turns = Turns::new(16);
        for (lane, pile) in piles.iter().enumerate() {
            for _ in 0..*pile {
                turns.push(lane, 1, ());
            }
        }
        for _ in 0..before {
            if let Some((lane, ())) = turns.take() {
                turns.done(&lane);
            }
        }
        let new = piles.len();
        turns.push(new, 1, ());
        let mut waited = 0;
        while let Some((lane, ())) = turns.take() {
            turns.done(&lane);
            if lane == new {
                break;
            }
            waited += 1;
        }
        prop_assert!(waited <= 16 * piles.len(), "{waited}");
    }

    #[test]
    fn while_another_waits_a_lane_holds_no_more_than_its_share_of_the_places(
        places in 1usize..100,
        pushes in proptest::collection::vec(0u8..4, 1..300),
    ) {
        let share = (places / 8).max(2);
        let mut turns = Turns::new(places);
        for lane in &pushes {
            turns.push(*lane, 1, ());
        }
        let mut left: HashMap<u8, usize> = HashMap::new();
        for lane in &pushes {
            *left.entry(*lane).or_default() += 1;
        }
        for _ in 0..places {
            let Some((lane, ())) = turns.take() else { break };
            *left.entry(lane).or_default() -= 1;
            let poorer = left.iter().any(|(other, count)| *count > 0 && turns.busy(other) < share && *other != lane);
            prop_assert!(turns.busy(&lane) <= share || !poorer, "{lane} has {} of {places}", turns.busy(&lane));
        }
    }
}

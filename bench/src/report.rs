//! What the measurements say.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use crate::load::Sample;

/// How much of the bare handler's rate a check has to reach.
const LEAST_SHARE: f64 = 0.25;

/// How long the slowest of a hundred checks may take.
const SLOWEST: Duration = Duration::from_millis(20);

/// A server and its measurements, one of each round.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) samples: Vec<Sample>,
}

/// The first row is what the others are compared with.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = format!("{:24} {:>12} {:>10} {:>10} {:>8}\n", "", "requests/s", "p50", "p99", "of bare");
    for row in rows {
        let share = share(rows, row).map_or(String::new(), |share| format!("{share:.2}"));
        let (p50, p99) = (millis(row.median(|it| it.p50)), millis(row.median(|it| it.p99)));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:24} {:>12.0} {p50:>10} {p99:>10} {share:>8}", row.name, row.rate());
    }
    text
}

/// Whether a server reaches what it has to.
pub(crate) struct Verdict {
    name: &'static str,
    share: f64,
    p99: Duration,
}

impl Verdict {
    pub(crate) fn is_reached(&self) -> bool {
        self.share >= LEAST_SHARE && self.p99 < SLOWEST
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, share, p99 } = self;
        let word = if self.is_reached() { "PASS" } else { "MISS" };
        let (p99, slowest) = (millis(*p99), millis(SLOWEST));
        write!(
            f,
            "{word} {name}: {share:.2} of the bare handler's rate (at least {LEAST_SHARE}), p99 {p99} (below {slowest})"
        )
    }
}

/// Of every row but the first.
pub(crate) fn verdicts(rows: &[Row]) -> Vec<Verdict> {
    let verdict = |row: &Row| {
        Some(Verdict { name: row.name, share: share(rows, row)?, p99: row.median(|sample| sample.p99) })
    };
    rows.iter().filter_map(verdict).collect()
}

/// The median of the rounds' shares of the first row's rate: what slows the machine down slows both down in a round.
fn share(rows: &[Row], row: &Row) -> Option<f64> {
    let (bare, others) = rows.split_first()?;
    others.iter().find(|other| other.name == row.name)?;
    let shares = row.samples.iter().zip(&bare.samples).map(|(one, bare)| one.rate / bare.rate);
    Some(median(shares.collect(), f64::total_cmp))
}

impl Row {
    fn rate(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.rate).collect(), f64::total_cmp)
    }

    fn median(&self, time: impl Fn(&Sample) -> Duration) -> Duration {
        median(self.samples.iter().map(time).collect(), Duration::cmp)
    }
}

/// The one in the middle; of an even number, the lower of the two, so that it is one that was measured.
fn median<T: Copy + Default>(mut values: Vec<T>, order: impl FnMut(&T, &T) -> std::cmp::Ordering) -> T {
    values.sort_by(order);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, samples: &[(f64, u64)]) -> Row {
        let sample = |(rate, micros): &(f64, u64)| {
            let time = Duration::from_micros(*micros);
            Sample { rate: *rate, p50: time / 2, p99: time }
        };
        Row { name, samples: samples.iter().map(sample).collect() }
    }

    #[test]
    fn the_median_is_one_that_was_measured() {
        assert_eq!(median(vec![3, 1, 2], u8::cmp), 2);
        assert_eq!(median(vec![4, 3, 1, 2], u8::cmp), 2);
        assert_eq!(median(vec![], u8::cmp), 0);
    }

    #[test]
    fn a_round_is_compared_with_itself() {
        // Twice as slow in the second round, as everything was.
        let rows = [
            row("bare", &[(1000.0, 100), (500.0, 200), (1000.0, 100)]),
            row("check", &[(300.0, 2000), (150.0, 4000), (300.0, 2000)]),
        ];
        let verdicts = verdicts(&rows);
        assert_eq!(verdicts.len(), 1);
        assert!(verdicts[0].is_reached());
        assert_eq!(
            verdicts[0].to_string(),
            "PASS check: 0.30 of the bare handler's rate (at least 0.25), p99 2.00 ms (below 20.00 ms)"
        );
        let table = table(&rows);
        let words: Vec<&str> = table.lines().nth(2).unwrap().split_whitespace().collect();
        assert_eq!(words, ["check", "300", "1.00", "ms", "2.00", "ms", "0.30"]);
    }

    #[test]
    fn either_goal_can_be_missed() {
        for (rate, micros, is_reached) in
            [(250.0, 19_999, true), (249.0, 19_999, false), (250.0, 20_000, false)]
        {
            let rows = [row("bare", &[(1000.0, 100)]), row("check", &[(rate, micros)])];
            let verdict = &verdicts(&rows)[0];
            assert_eq!(verdict.is_reached(), is_reached, "{verdict}");
            assert_eq!(verdict.to_string().starts_with("PASS"), is_reached);
        }
    }
}

//! The one way in which these tests wait: for a condition, up to a limit, with a failure that says what is missing.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// How long a page may take to show what it should. Generous: a machine that runs other things too is slow, not wrong.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

const INTERVAL: Duration = Duration::from_millis(50);

/// Polls until the condition holds, and returns what it found. Fails with the last reason of `poll` when `limit` has passed.
pub(crate) async fn until<T>(
    limit: Duration,
    mut poll: impl AsyncFnMut() -> Result<T, String>,
) -> Result<T, String> {
    let deadline = Instant::now() + limit;
    let mut reason = "the first look at it took too long".to_owned();
    loop {
        match timeout_at(deadline, poll()).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(why)) => reason = why,
            Err(_) => return Err(reason),
        }
        if Instant::now() >= deadline {
            return Err(reason);
        }
        sleep(INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn until_returns_what_is_found_at_last() {
        let mut looks = 0;
        let found = until(LIMIT, async || {
            looks += 1;
            if looks == 3 { Ok(looks) } else { Err("not yet".to_owned()) }
        });
        assert_eq!(found.await, Ok(3));
    }

    #[tokio::test]
    async fn until_fails_with_the_last_reason_if_it_never_comes() {
        let mut looks = 0;
        let missing = until(SHORT, async || {
            looks += 1;
            Err::<(), _>(format!("look {looks}"))
        });
        let reason = missing.await.unwrap_err();
        assert_eq!(reason, format!("look {looks}"));
        assert!(looks > 1, "it looks again: {looks}");
    }

    #[tokio::test]
    async fn until_ends_a_look_that_never_returns() {
        let stuck = until(SHORT, async || std::future::pending::<Result<(), String>>().await);
        assert!(stuck.await.unwrap_err().contains("took too long"));
    }
}

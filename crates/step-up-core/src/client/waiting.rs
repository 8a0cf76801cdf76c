//! The two futures that the sequences are made of. Written out, they are a few branches for each kind of answer; an
//! `async fn` would be a state machine for each.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use crate::{
    LocalFuture,
    error::{Result, StepUpError},
    transport::HttpResponse,
};

/// The answer to a call, read when it is there.
pub(crate) struct Answer<T> {
    response: LocalFuture<'static, Result<HttpResponse>>,
    parse: fn(&[u8]) -> Result<T>,
}

impl<T> Answer<T> {
    pub(super) fn new(
        response: LocalFuture<'static, Result<HttpResponse>>,
        parse: fn(&[u8]) -> Result<T>,
    ) -> Self {
        Self { response, parse }
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        let response = ready!(self.response.as_mut().poll(context))?;
        Poll::Ready((self.parse)(&response.body))
    }
}

/// An answer, or an error where something else ends before it is there.
pub(super) struct Until<'a, T> {
    answer: LocalFuture<'a, Result<T>>,
    end: LocalFuture<'a, ()>,
    /// Which counts where both are there at once.
    is_end_first: bool,
    /// A function, since most ends never come.
    error: fn() -> StepUpError,
}

impl<'a, T> Until<'a, T> {
    /// No longer than the timer runs.
    pub(super) fn timeout(answer: LocalFuture<'a, Result<T>>, timer: LocalFuture<'a, ()>) -> Self {
        Self { answer, end: timer, is_end_first: false, error: || StepUpError::TimedOut }
    }

    /// Unless it is cancelled.
    #[cfg(feature = "social")]
    pub(super) fn cancelled(answer: LocalFuture<'a, Result<T>>, end: LocalFuture<'static, ()>) -> Self {
        Self { answer, end, is_end_first: false, error: || StepUpError::Cancelled }
    }

    /// Unless it is cancelled. Where it is already, it does not even begin.
    #[cfg(feature = "passkey")]
    pub(super) fn cancelled_first(answer: LocalFuture<'a, Result<T>>, end: LocalFuture<'static, ()>) -> Self {
        Self { answer, end, is_end_first: true, error: || StepUpError::Cancelled }
    }
}

impl<T> Future for Until<'_, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        for is_end in [self.is_end_first, !self.is_end_first] {
            if !is_end {
                if let Poll::Ready(answer) = self.answer.as_mut().poll(context) {
                    return Poll::Ready(answer);
                }
            } else if self.end.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err((self.error)()));
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn an_answer_is_read_when_it_is_there() {
        let read = |body: &[u8]| Ok(body.len());
        let accepted = Answer::new(Box::pin(ready(Ok(HttpResponse::new(200, "four")))), read);
        assert_eq!(accepted.now_or_never(), Some(Ok(4)));
        let failed = Answer::new(Box::pin(ready(Err(StepUpError::Network))), read);
        assert_eq!(failed.now_or_never(), Some(Err(StepUpError::Network)));
        assert_eq!(Answer::new(Box::pin(pending()), read).now_or_never(), None);
    }

    #[test]
    fn what_is_there_first_counts_and_of_two_the_answer_unless_it_should_not_begin() {
        let answer = || -> LocalFuture<'static, Result<u8>> { Box::pin(ready(Ok(1))) };
        let never = || -> LocalFuture<'static, Result<u8>> { Box::pin(pending()) };
        let over = || -> LocalFuture<'static, ()> { Box::pin(ready(())) };
        assert_eq!(Until::timeout(answer(), Box::pin(pending())).now_or_never(), Some(Ok(1)));
        assert_eq!(Until::timeout(answer(), over()).now_or_never(), Some(Ok(1)));
        assert_eq!(Until::timeout(never(), over()).now_or_never(), Some(Err(StepUpError::TimedOut)));
        assert_eq!(Until::timeout(never(), Box::pin(pending())).now_or_never(), None);
        #[cfg(feature = "passkey")]
        {
            let cancelled = Some(Err(StepUpError::Cancelled));
            assert_eq!(Until::cancelled_first(answer(), over()).now_or_never(), cancelled);
            assert_eq!(Until::cancelled_first(answer(), Box::pin(pending())).now_or_never(), Some(Ok(1)));
        }
    }
}

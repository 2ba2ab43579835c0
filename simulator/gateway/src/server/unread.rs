//! A request that was answered before its body was read: what is left of a small body is taken off the connection, and where
//! that cannot be, the answer says that the connection ends with it.
//!
//! hyper closes such a connection without a word. A client that keeps it in its pool sends its next request into it, and sees
//! it break (RFC 9112 §9.6).

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderValue, Request, Response, Version};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};

/// More than this many bytes are not read for nothing: the connection ends instead.
const READ_FOR_NOTHING: u64 = 1 << 20;

/// A request's body, which [`Rest`] has too.
#[derive(Debug)]
pub struct Shared<B>(Arc<Mutex<Read<B>>>);

/// What is left of a request's body when it has been answered.
#[derive(Debug)]
pub struct Rest<B> {
    body: Arc<Mutex<Read<B>>>,
    /// HTTP/1, where the next request comes behind this one's body.
    in_line: bool,
    /// The client waits to be told to send the body, which reading does.
    waits: bool,
}

#[derive(Debug)]
struct Read<B> {
    body: B,
    begun: bool,
    ended: bool,
}

impl<B: Body> Read<B> {
    fn is_ended(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }
}

fn lock<B>(body: &Mutex<Read<B>>) -> MutexGuard<'_, Read<B>> {
    body.lock().expect("nobody panics in reading a body")
}

impl<B: Body + Unpin> Body for Shared<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut read = lock(&self.0);
        read.begun = true;
        let polled = Pin::new(&mut read.body).poll_frame(context);
        read.ended |= matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.0).is_ended()
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.0).body.size_hint()
    }
}

/// The request for whoever answers it, and what will be left of it.
pub fn split<B>(request: Request<B>) -> (Request<Shared<B>>, Rest<B>) {
    let in_line = request.version() < Version::HTTP_2;
    let waits = request.headers().contains_key(EXPECT);
    let mut rest = None;
    let request = request.map(|body| {
        let body = Arc::new(Mutex::new(Read { body, begun: false, ended: false }));
        rest = Some(Rest { body: Arc::clone(&body), in_line, waits });
        Shared(body)
    });
    (request, rest.expect("a request has a body"))
}

impl<B: Body<Data = Bytes> + Unpin> Rest<B> {
    /// Makes an answer one after which the client knows what the connection is good for.
    pub async fn settle<A>(self, response: &mut Response<A>) {
        if self.in_line && !self.is_read().await {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    async fn is_read(&self) -> bool {
        {
            let read = lock(&self.body);
            if read.is_ended() {
                return true;
            }
            if (self.waits && !read.begun) || read.body.size_hint().lower() > READ_FOR_NOTHING {
                return false;
            }
        }
        let mut body = Shared(Arc::clone(&self.body));
        let mut taken = 0;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            taken += frame.data_ref().map_or(0, |data| data.len() as u64);
            if taken > READ_FOR_NOTHING {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::task::Waker;

    use futures_util::{FutureExt as _, stream};
    use http_body_util::{Full, StreamBody};

    use super::*;

    fn settled<B: Body<Data = Bytes> + Unpin>(request: Request<B>, reads: impl Fn(&mut Shared<B>)) -> bool {
        let (request, rest) = split(request);
        let mut response = Response::new(());
        let mut body = request.into_body();
        reads(&mut body);
        drop(body);
        rest.settle(&mut response).now_or_never().expect("these bodies are all there");
        response.headers().get(CONNECTION).is_none()
    }

    fn whole(length: u64, version: Version, expect: bool) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(Bytes::from(vec![0; usize::try_from(length).unwrap()])));
        *request.version_mut() = version;
        if expect {
            request.headers_mut().insert(EXPECT, HeaderValue::from_static("100-continue"));
        }
        request
    }

    fn one_frame<B: Body<Data = Bytes> + Unpin>(body: &mut Shared<B>) {
        let _ = Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()));
    }

    #[test]
    fn a_connection_goes_on_only_where_nothing_of_the_body_is_left_on_it() {
        let stays = |request| settled(request, |_| ());
        assert!(stays(whole(0, Version::HTTP_11, false)), "nothing to read");
        assert!(stays(whole(5, Version::HTTP_11, false)), "read for nothing");
        assert!(stays(whole(READ_FOR_NOTHING, Version::HTTP_11, false)));
        assert!(!stays(whole(READ_FOR_NOTHING + 1, Version::HTTP_11, false)), "too much");
        assert!(!stays(whole(5, Version::HTTP_11, true)), "the client was never told to send it");
        assert!(settled(whole(5, Version::HTTP_11, true), one_frame), "it was told, and it has been read");
        assert!(stays(whole(READ_FOR_NOTHING + 1, Version::HTTP_2, true)), "streams of their own");
    }

    #[test]
    fn a_body_of_unknown_length_is_read_up_to_the_limit() {
        let frames = |number: usize| {
            let frame = || Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0; 1 << 18])));
            Request::new(StreamBody::new(stream::iter((0..number).map(move |_| frame()))))
        };
        assert!(settled(frames(4), |_| ()));
        assert!(!settled(frames(5), |_| ()));
        assert!(settled(frames(5), one_frame), "what was read before was not read for nothing");
    }
}

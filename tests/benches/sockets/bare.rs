//! The ceiling: what s3s does with a map behind it, and nothing else. No checksums, no versions, no time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    CreateBucketInput, CreateBucketOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, PutObjectInput, PutObjectOutput, StreamingBlob,
};
use s3s::service::S3ServiceBuilder;
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};
use tokio::net::TcpListener;

#[derive(Clone, Default)]
struct Bare(Arc<Mutex<BTreeMap<(String, String), Bytes>>>);

impl Bare {
    fn get(&self, bucket: String, key: String) -> S3Result<Bytes> {
        let objects = self.0.lock().expect("nobody panics");
        objects.get(&(bucket, key)).cloned().ok_or_else(|| s3_error!(NoSuchKey))
    }
}

#[async_trait]
impl S3 for Bare {
    async fn create_bucket(&self, _: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        Ok(S3Response::new(CreateBucketOutput::default()))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let parts: Vec<Bytes> = match input.body {
            Some(body) => body.try_collect().await.map_err(|_| s3_error!(IncompleteBody))?,
            None => Vec::new(),
        };
        self.0.lock().expect("nobody panics").insert((input.bucket, input.key), parts.concat().into());
        Ok(S3Response::new(PutObjectOutput::default()))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let body = self.get(request.input.bucket, request.input.key)?;
        let content_length = i64::try_from(body.len()).ok();
        Ok(S3Response::new(HeadObjectOutput { content_length, ..HeadObjectOutput::default() }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let body = self.get(request.input.bucket, request.input.key)?;
        let content_length = i64::try_from(body.len()).ok();
        let body = Some(StreamingBlob::from(Body::from(body)));
        Ok(S3Response::new(GetObjectOutput { body, content_length, ..GetObjectOutput::default() }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let objects = self.0.lock().expect("nobody panics");
        let from = (input.bucket.clone(), input.continuation_token.unwrap_or_default());
        let mut contents: Vec<Object> = objects
            .range(from..)
            .take_while(|((bucket, _), _)| *bucket == input.bucket)
            .take(1001)
            .map(|((_, key), body)| Object {
                key: Some(key.clone()),
                size: i64::try_from(body.len()).ok(),
                ..Object::default()
            })
            .collect();
        let next_continuation_token =
            if contents.len() > 1000 { contents.pop().and_then(|next| next.key) } else { None };
        let is_truncated = Some(next_continuation_token.is_some());
        let contents = Some(contents);
        let page =
            ListObjectsV2Output { contents, is_truncated, next_continuation_token, ..ListObjectsV2Output::default() };
        Ok(S3Response::new(page))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.0.lock().expect("nobody panics").remove(&(request.input.bucket, request.input.key));
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let DeleteObjectsInput { bucket, delete, .. } = request.input;
        let mut objects = self.0.lock().expect("nobody panics");
        for object in delete.objects {
            objects.remove(&(bucket.clone(), object.key));
        }
        Ok(S3Response::new(DeleteObjectsOutput::default()))
    }
}

/// Serves until it is killed.
pub fn serve(port: u16) {
    let mut builder = S3ServiceBuilder::new(Bare::default());
    builder.set_auth(SimpleAuth::from_single("minioadmin", "minioadmin"));
    let service = builder.build();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let service = service.clone();
            tokio::spawn(async move {
                // A client that goes away is nothing to tell anybody.
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
}

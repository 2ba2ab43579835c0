//! Image outputs: a picture at ACTIVE and then one every `capture_interval`, uploaded as it is taken.

use std::sync::Arc;

use super::filename;
use super::upload::{Upload, upload_time};
use super::{Images, upload};
use crate::livekit::{ImageOutput, Output};
use crate::sink::MediaKind;
use crate::state::EgressIx;
use crate::time::Span;
use crate::world::{Event, World};

/// What LiveKit takes for a `capture_interval` of 0.
const CAPTURE_INTERVAL: u32 = 10;
/// Bytes of a picture.
const IMAGE_BYTES: u64 = 40_000;

impl World<'_> {
    pub(super) fn begin_images(&mut self, ix: EgressIx, output: usize, images: &ImageOutput) {
        let seconds = if images.capture_interval == 0 { CAPTURE_INTERVAL } else { images.capture_interval };
        let worker = self.recorders.workers.get_mut(&ix).expect("a live egress has a worker");
        let result = worker.images.len();
        let interval = Span::seconds(u64::from(seconds));
        worker.images.push(Images { output, interval, stored: 0, total: None });
        self.plan_image(ix, result);
    }

    /// Puts the upload of the next image into the queue.
    fn plan_image(&mut self, ix: EgressIx, result: usize) {
        let rate = self.state.scenario.world.upload_bytes_per_second;
        let Some(active_at) = self.state.egress(ix).active_at else { return };
        let Some(images) = self.recorders.workers.get(&ix).and_then(|worker| worker.images.get(result)) else { return };
        let at = active_at + images.interval.times(images.stored) + upload_time(IMAGE_BYTES, rate);
        self.queue.push(at.max(self.state.now), Event::ImageStored { egress: ix, result });
    }

    /// An image has been uploaded.
    pub(crate) fn image_stored(&mut self, ix: EgressIx, result: usize) {
        let Some(worker) = self.recorders.workers.get(&ix).filter(|worker| !worker.trouble.hangs) else { return };
        let Some(&Images { output, interval, stored, total }) = worker.images.get(result) else { return };
        if total.is_some_and(|total| stored >= total) {
            return;
        }
        let egress = self.state.egress(ix);
        let taken_at = egress.active_at.unwrap_or(self.state.now) + interval.times(stored);
        let request = Arc::clone(&egress.info.request);
        let Output::Images(images) = &request.outputs[output] else { unreachable!("an image sink is an image output") };
        let prefix = &egress.info.image_results[result].filename_prefix;
        let key: Arc<str> = filename::image_key(prefix, images.filename_suffix, stored, taken_at).into();
        let upload = Upload {
            point: "upload.image",
            output,
            key: &key,
            body: &self.media(MediaKind::Jpeg, &key, stored, IMAGE_BYTES),
            content_type: filename::content_type(".jpeg"),
            rewritten: images.filename_suffix == crate::livekit::ImageFileSuffix::NoneOverwrite,
            leftover: false,
        };
        if let Err(failure) = self.upload(ix, upload) {
            self.upload_failed(ix, &failure);
            return;
        }
        if let Some(worker) = self.recorders.workers.get_mut(&ix) {
            worker.images[result].stored += 1;
        }
        if total == Some(stored + 1) { self.images_closed(ix, result) } else { self.plan_image(ix, result) }
    }

    /// The media has ended: how many images there will be. What was taken by then is uploaded still.
    pub(super) fn end_images(&mut self, ix: EgressIx, recorded: Span) {
        let outputs = self.recorders.workers.get(&ix).map_or(0, |worker| worker.images.len());
        for result in 0..outputs {
            let Some(worker) = self.recorders.workers.get_mut(&ix) else { return };
            let images = &mut worker.images[result];
            let total = images.stored.max(recorded.0 / images.interval.0 + 1);
            images.total = Some(total);
            if images.stored >= total {
                self.images_closed(ix, result);
            }
        }
    }

    fn images_closed(&mut self, ix: EgressIx, result: usize) {
        let Some(worker) = self.recorders.workers.get(&ix) else { return };
        let taken = worker.images[result].stored;
        self.state.egresses[ix.0 as usize].info.image_results[result].image_count = taken;
        self.output_stored(ix);
    }

    /// Stores the first image of an attempt that fails, as far as the sink takes it.
    pub(super) fn store_first_image(&mut self, ix: EgressIx, output: usize, images: &ImageOutput) -> bool {
        let now = self.state.now;
        let request = Arc::clone(&self.state.egress(ix).info.request);
        let before = request.outputs[..output].iter().filter(|output| matches!(output, Output::Images(_))).count();
        let prefix = &self.state.egress(ix).info.image_results[before].filename_prefix;
        let key: Arc<str> = filename::image_key(prefix, images.filename_suffix, 0, now).into();
        let body = self.media(MediaKind::Jpeg, &key, 0, IMAGE_BYTES);
        let upload = upload::Upload {
            point: "upload.image",
            output,
            key: &key,
            body: &body,
            content_type: filename::content_type(".jpeg"),
            rewritten: false,
            leftover: true,
        };
        self.upload(ix, upload).is_ok()
    }
}

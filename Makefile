# One profile and one feature set for everything, so that nothing heavy is compiled twice.
CARGO ?= cargo
FLAGS := --release --workspace --locked

.PHONY: build run test lint bench bench-sockets peers fuzz soak schema docs clean

build: wasm-target
	$(CARGO) build $(FLAGS)

# The main job: the seed scenarios through the sandboxed reference operator, verdicts on screen.
run: build
	target/release/egress-sim run scenarios/*.toml

test: wasm-target
	$(CARGO) test $(FLAGS) --doc --quiet
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	  $(CARGO) nextest run $(FLAGS); \
	else \
	  $(CARGO) test $(FLAGS) --lib --bins --tests; \
	fi
	@cat tests/matrix.txt

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(FLAGS) --all-targets -- -D warnings

# The default campaign against the sandboxed reference operator.
fuzz: build
	target/release/egress-sim fuzz

# The tests that LiveKit's Rust SDK has of its own, against us. They are built once, outside of this workspace.
.PHONY: sdk
sdk: wasm-target
	tests/clients/rust/build.sh target/tmp/clients/rust
	$(CARGO) test $(FLAGS) --test clients rust_with

bench: wasm-target
	$(CARGO) bench --workspace --locked --bench runs --bench hostile --bench catch

# S3 over sockets, beside other fakes of it: those that `make peers` could install.
bench-sockets: build
	$(CARGO) bench --workspace --locked --bench sockets

peers:
	python3 -m venv target/peers
	-target/peers/bin/pip install --quiet 'moto[server]==5.2.5' ministack==1.5.33
	-npm install --silent --no-audit --no-fund --prefix target/peers s3rver@3.7.1
	-$(CARGO) install --quiet --locked --root target/peers --features binary s3s-fs@0.14.1

# `serve` under mixed load, by Python's clients of LiveKit and S3, for ten minutes.
MINUTES ?= 10
soak: build
	python3 -m venv target/soak
	target/soak/bin/pip install --quiet --requirement tests/clients/python/requirements.txt
	target/soak/bin/python -W ignore tests/clients/python/soak.py target/release/egress-sim $(MINUTES)

# The generated files that are checked in; tests fail when they are out of date.
schema: build
	target/release/egress-sim schema scenario > docs/scenario.schema.json
	target/release/egress-sim schema campaign > docs/campaign.schema.json

docs: wasm-target schema
	UPDATE_MATRIX=1 $(CARGO) test $(FLAGS) --test matrix
	UPDATE_DOCS=1 $(CARGO) test $(FLAGS) --test faults

.PHONY: wasm-target
wasm-target:
	@rustup target list --installed | grep -qx wasm32-unknown-unknown || rustup target add wasm32-unknown-unknown

clean:
	$(CARGO) clean

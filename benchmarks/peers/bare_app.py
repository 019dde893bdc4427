"""The least an app can do: an empty route, and one that scores ready-made features by a Booster.

`bare_app.py TREES PORT` serves the trees of a LightGBM text file with FastAPI: a pydantic model of
named features, `Booster.predict` in an async route, and nothing else: no features, no interval, no
stage, no checks.
"""

import gc
import sys
from typing import Annotated

import lightgbm
import numpy as np
import uvicorn
from fastapi import Body, FastAPI
from pydantic import create_model

booster = lightgbm.Booster(model_file=sys.argv[1])
names = [f"feature_{k}" for k in range(booster.num_feature())]
Features = create_model("Features", **dict.fromkeys(names, (float | None, ...)))
app = FastAPI()


@app.get("/empty")
async def empty() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/score")
async def score(features: Annotated[Features, Body()]) -> dict[str, float]:
    given = [getattr(features, name) for name in names]
    row = np.array([given], dtype=np.float64)
    return {"probability": float(booster.predict(row, num_threads=1)[0])}


if __name__ == "__main__":
    gc.collect()
    gc.freeze()
    uvicorn.run(app, port=int(sys.argv[2]), log_level="warning", access_log=False)

from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import train_test_split


def load(test_share, seed):
    """The data set that scikit-learn ships, split in two."""
    features, target = load_diabetes(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(features, target, test_size=test_share, random_state=seed)
    return {"train": (train_x, train_y), "test": (test_x, test_y)}


def fit_linear(train, test):
    return evaluate("linear", LinearRegression(), train, test)


def fit_forest(train, test, seed):
    return evaluate("forest", RandomForestRegressor(n_estimators=50, random_state=seed), train, test)


def evaluate(name, model, train, test):
    """Trains a model and measures it on data that it has not seen."""
    model.fit(*train)
    features, target = test
    predicted = model.predict(features)
    score = {
        "mse": round(float(mean_squared_error(target, predicted)), 3),
        "r2": round(float(r2_score(target, predicted)), 4),
    }
    return {"kind": name, "score": score}

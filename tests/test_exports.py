"""The public surface, pinned: a name comes and goes on purpose, with a line in CHANGELOG.md."""

from __future__ import annotations

import importlib
import inspect

import pytest

SURFACE = {
    "barter_bt": """
        AmendRequest Catalog Checkpoint Commands Compiled Delays Faults FeeLevel FeeTiers Fees Hooks Instrument Latency
        Limits Margin MarginRequest MarginTier OrderRequest Record Result Schedule Signals Simulation Slippage Spill
        Sweep Venue __version__ adaptive backtest candles check_causality compare compare_candle_paths data draw every
        grid instrument live month_end protocol quotes read report research risk session_end statistic strategy sweep
        system testing trades venue week_end
    """,
    "barter_bt.data": """
        Aggregator CashFlows Catalog Chunk Downloaded Finding IMPORTERS Importer MarketData Quality Repair Report
        Sessions Stream aggregate assignments book book_orders candles cash_flows check complete_snapshots continuous
        contract_targets delisted deposits dividends download exchange_sessions from_pandas from_wide front_contracts
        funding generate interest load margin_transfers quality quotes read_csv rebuild_books rename_symbols sample
        sessions settlement_prices splits trades
    """,
    "barter_bt.data.generate": """
        Market MarketWalk candles candles_arrays market panel panel_candles quotes quotes_arrays trades
        trades_arrays
    """,
    "barter_bt.book": """
        OrderBook
    """,
    "barter_bt.instrument": """
        EXCHANGES IndexedInstruments Instrument InstrumentFilter Scales choose_scales exchange_order
    """,
    "barter_bt.risk": """
        CompiledRisk Limits RiskManager
    """,
    "barter_bt.strategy": """
        AlgoStrategy AmendRequest Candles Compiled Hooks MarginRequest OrderRequest Python Schedule Signals State
        Strategy
        StrategyGroup api builtin every execution indicators makers month_end session_end week_end
    """,
    "barter_bt.strategy.makers": """
        AvellanedaStoikov GridMaker ImbalanceMaker
    """,
    "barter_bt.strategy.execution": """
        Pov Twap
    """,
    "barter_bt.statistic": """
        FIGURES Summary bootstrap by_session figures_by flows_by parts returns_by rolling summarise trading_summary
    """,
    "barter_bt.report": """
        plot plot_attribution plot_curves plot_distribution plot_equity plot_exposure plot_inventory plot_markouts
        plot_months plot_pnl plot_positions plot_price plot_quality plot_rolling plot_tear_sheet plot_trade
        plot_underwater write_quality
    """,
    "barter_bt.research": """
        Adaptive BacktestArguments Backtests BlockSums CombinatorialFolds FactorReport Fold Optimiser Overfitting
        RealityCheck SharpeEstimate Span Study SuperiorPredictiveAbility Sweep TradeOrders adaptive add_noise
        block_length combinatorial_purged deflated_sharpe draw effective_trials expected_maximum_sharpe factor_report
        fold_table grid minimum_backtest_years minimum_track_record optimised_weights perturb plot_folds
        probabilistic_sharpe probability_of_overfitting purged_k_fold reality_check run_backtests sharpe_estimate
        shuffle_trades stationary_rows superior_predictive_ability sweep walk_forward
    """,
    "barter_bt.backtest": """
        Causality Checkpoint Commands Comparison Record Result Simulation Spill backtest check_causality compare
        compare_candle_paths read
    """,
    "barter_bt.venue": """
        Delays FEE_PRESETS Faults FeeLevel FeePreset FeeTiers Fees Latency Margin MarginTier Slippage Venue
    """,
    "barter_bt.testing": """
        assert_all assert_balances_follow_from_fills assert_equity_is_cash_plus_value assert_fills_within_evidence
        assert_fills_within_orders assert_free_is_not_negative assert_idle_instrument_changes_nothing
        assert_ledger_sums_to_zero assert_no_fill_before_its_order assert_no_lookahead
        assert_order_of_declaration_changes_nothing assert_order_of_rows_changes_nothing assert_orders_end
        assert_positions_follow_from_fills assert_round_trips_match_fills assert_same_run
        assert_truncation_changes_nothing bars candles quotes run run_prices schedule strategies table trades
    """,
    "barter_bt.live": """
        Alert AlertWarning Arrival AsyncClient Clock Control Delay Driven ExecutionClient InterpretedWarning LiveRun
        Manual Mark Metrics MockExchange Paced RecordedSession Recorder SessionWarning Silence SimulatedExchange
        SimulatedWarning Source SyncHandle System SystemHandle Unreconciled Virtual WallClock Webhook alerts ask paper
        read_raw read_session replay
    """,
    "barter_bt.live.binance": """
        BinanceAccount BinanceMarket BinanceWarning CashFlow Endpoints FUTURES_MAIN_NETWORK FUTURES_TEST_NETWORK
        FuturesAccount Keys MAIN_NETWORK MarginTerms MarkPrice TEST_NETWORK began from_raw instruments
        last_trades
    """,
    "barter_bt.live.ccxt": """
        CcxtAccount CcxtMarket CcxtWarning Connection Secrets connect instruments
    """,
    "barter_bt.testing.exchange": """
        Late Listing LoopbackExchange LoopbackFutures Lost Sockets Status replay_capture replay_market
    """,
    "barter_bt.system": """
        AccountDisconnect AlgoOrders Audit Commanded ConfigWarning Engine MarketDisconnect PositionExit Recording
        RecordingWarning Refused Sent Stopped Strategy SystemConfig Timer TradingDisabled close_with_market_orders
        load_config market_streams read_recording
    """,
}


@pytest.mark.parametrize("room", SURFACE)
def test_the_public_names_are_these(room):
    """What a room offers is what it lists, and all of it is there."""
    module = importlib.import_module(room)
    assert sorted(module.__all__) == SURFACE[room].split()
    assert not [name for name in module.__all__ if not hasattr(module, name)]


@pytest.mark.parametrize("room", SURFACE)
def test_public_names_have_docstrings(room):
    """Of functions, classes and modules: a constant has its comment."""
    module = importlib.import_module(room)
    offered = {name: getattr(module, name) for name in module.__all__ if name != "__version__"}
    silent = [name for name, one in offered.items() if callable(one) or inspect.ismodule(one)]
    assert not [name for name in silent if not inspect.getdoc(offered[name])]


def test_a_name_that_is_not_there_is_an_attribute_error():
    module = importlib.import_module("barter_bt")
    with pytest.raises(AttributeError, match="'backtests'"):
        module.backtests  # noqa: B018

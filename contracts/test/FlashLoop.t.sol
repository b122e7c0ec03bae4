// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {FlashLoop, Loop} from "../FlashLoop.sol";
import {Coin, Factory, Habit, Pool, Real, Ticks} from "./Exchange.sol";
import {Bank, RAY, Rogue, Shares, Trick} from "./FlashLoopStage.sol";
import {vm} from "./Vm.sol";

/// What enters and leaves a loop, what it costs, what is refused and what is left behind: on the real
/// exchange, at a lending pool of our own. Run by forge.
contract FlashLoopTest {
    uint24 private constant FEE = 500;
    uint160 private constant PARITY = 2 ** 96;
    uint128 private constant DEPTH = 10 ** 30;
    uint256 private constant DEADLINE = 1_000_000;
    uint256 private constant RICHES = 2 ** 200;
    uint256 private constant PLENTY = 2 ** 128;
    uint256 private constant OWED = 10 ** 6;
    int24 private constant END = 887270;

    Factory private _factory;
    FlashLoop private _flash;
    Bank private _bank;
    Bank private _lender;
    Rogue private _rogue;
    Coin private _coin0;
    Coin private _coin1;
    Pool private _pool;
    Loop private _loop;
    Coin private _debt;
    Coin private _collateral;
    Shares private _shares;

    function setUp() public {
        vm.warp(DEADLINE);
        _factory = Real.factory();
        _flash = new FlashLoop(address(_factory));
        (_bank, _lender, _rogue) = (new Bank(), new Bank(), new Rogue());
        (Coin one, Coin other) = (new Coin(), new Coin());
        (_coin0, _coin1) = address(one) < address(other) ? (one, other) : (other, one);
        _pool = Pool(_factory.createPool(address(_coin0), address(_coin1), FEE));
        _pool.initialize(PARITY);
        _coin0.give(address(this), DEPTH + 1);
        _coin1.give(address(this), DEPTH + 1);
        _pool.mint(address(this), -END, END, DEPTH, "");
        address[4] memory rich = [address(this), address(_bank), address(_lender), address(_rogue)];
        for (uint256 i = 0; i < rich.length; ++i) {
            _coin0.give(rich[i], RICHES);
            _coin1.give(rich[i], RICHES);
        }
        _bank.list(_coin0);
        _bank.list(_coin1);
        _stage(false);
        _coin0.approve(address(_bank), type(uint256).max);
        _coin1.approve(address(_bank), type(uint256).max);
    }

    // ------------------------------------------------------------------------- in

    function testFuzz_enter__anyLoan__bothSidesGrow(uint96 loan, uint16 premium, uint256 index, bool turned) public {
        vm.assume(loan > 1000);
        _stage(turned);
        _shares.setIndex(RAY + index % (2 * RAY));
        _lender.set(premium, 0);
        uint256 received = _quote(loan);
        uint256 owed = loan + _lender.premiumOf(loan);
        _bank.delegate(_debt, address(_flash), owed);
        _enter(loan, received);
        assert(_shares.scaledBalanceOf(address(this)) == _shares.scaled(received));
        assert(_bank.debtOf(_debt, address(this)) == owed);
        assert(_debt.balanceOf(address(_lender)) == RICHES + owed - loan);
        _assertHoldsNothing();
    }

    function test_enter__lenderIsTheLendingPool__bothSidesGrow() public {
        _loop.lender = address(_bank);
        _bank.delegate(_debt, address(_flash), 10_009);
        _enter(10_000, 1);
        assert(_bank.debtOf(_debt, address(this)) == 10_009);
        _assertHoldsNothing();
    }

    // ------------------------------------------------------------------------- out

    function testFuzz_leave__aPart__bothSidesShrink(uint96 loan, uint16 premium, uint256 index, bool turned) public {
        vm.assume(loan > 0);
        _stage(turned);
        _shares.setIndex(RAY + index % (2 * RAY));
        _owe(loan, PLENTY);
        _lender.set(premium, 0);
        uint256 spent = _quoteOut(loan + _lender.premiumOf(loan));
        uint256 before = _shares.scaledBalanceOf(address(this));
        _shares.approve(address(_flash), spent + 1);
        _leave(loan, spent);
        assert(_bank.debtOf(_debt, address(this)) == 0);
        assert(_shares.scaledBalanceOf(address(this)) == before - _shares.scaled(spent));
        assert(_debt.balanceOf(address(_lender)) == RICHES + _lender.premiumOf(loan));
        _assertHoldsNothing();
    }

    function testFuzz_leave__moreThanTheDebt__theRestGoesBack(uint64 debt, uint64 more, bool turned) public {
        vm.assume(debt > 0);
        _stage(turned);
        _owe(debt, PLENTY);
        uint256 loan = uint256(debt) + more;
        uint256 spent = _quoteOut(debt + _lender.premiumOf(loan));
        _shares.approve(address(_flash), spent + 1);
        _leave(loan, spent);
        assert(_bank.debtOf(_debt, address(this)) == 0);
        assert(_shares.balanceOf(address(this)) == PLENTY - spent);
        _assertHoldsNothing();
    }

    function test_leave__lessThanTheDebt__theRestIsOwed() public {
        _owe(10 ** 18, PLENTY);
        _shares.approve(address(_flash), PLENTY);
        _leave(10 ** 17, PLENTY);
        assert(_bank.debtOf(_debt, address(this)) == 9 * 10 ** 17);
        _assertHoldsNothing();
    }

    /// Several turns in one transaction, as a batch has them.
    function testFuzz_leave__afterEntering__onlyWhatItCostIsGone(uint80 loan, bool turned) public {
        vm.assume(loan > 1000);
        _stage(turned);
        _owe(1, PLENTY);
        _bank.delegate(_debt, address(_flash), type(uint256).max);
        _shares.approve(address(_flash), type(uint256).max);
        _enter(loan, 1);
        _enter(loan, 1);
        _leave(loan, PLENTY);
        uint256 debt = _bank.debtOf(_debt, address(this));
        assert(debt == 1 + uint256(loan) + 2 * _lender.premiumOf(loan));
        _leave(debt, PLENTY);
        assert(_bank.debtOf(_debt, address(this)) == 0);
        assert(_shares.balanceOf(address(this)) < PLENTY);
        _assertHoldsNothing();
    }

    /// What was given to it goes to whoever calls next, and stands in nobody's way.
    function test_enter__givenToBefore__passedOn() public {
        _coin0.give(address(_flash), 5);
        _coin1.give(address(_flash), 7);
        _bank.delegate(_debt, address(_flash), PLENTY);
        uint256 before0 = _coin0.balanceOf(address(this));
        uint256 before1 = _coin1.balanceOf(address(this));
        _enter(10_000, 1);
        assert(_coin0.balanceOf(address(this)) == before0 + 5);
        assert(_coin1.balanceOf(address(this)) == before1 + 7);
        _assertHoldsNothing();
    }

    // ------------------------------------------------------------------------- bounds

    function testFuzz_enter__leastAroundWhatIsBought__exact(uint80 loan) public {
        vm.assume(loan > 1000);
        _bank.delegate(_debt, address(_flash), type(uint256).max);
        uint256 received = _quote(loan);
        bytes memory expected = abi.encodeWithSelector(FlashLoop.TooLittle.selector, received, received + 1);
        _refused(_entering(loan, received + 1), expected);
        _enter(loan, received);
    }

    function testFuzz_leave__mostAroundWhatIsOwed__exact(uint80 loan) public {
        vm.assume(loan > 0);
        _owe(loan, PLENTY);
        _shares.approve(address(_flash), PLENTY);
        uint256 spent = _quoteOut(loan + _lender.premiumOf(loan));
        bytes memory expected = abi.encodeWithSelector(FlashLoop.TooMuch.selector, spent, spent - 1);
        _refused(_leaving(loan, spent - 1), expected);
        _leave(loan, spent);
    }

    function testFuzz_enter__lastPriceReached__refused(bool turned) public {
        _stage(turned);
        _bank.delegate(_debt, address(_flash), type(uint256).max);
        // Until here about a thousandth of the depth is exchanged.
        uint160 limit = Ticks.sqrtPrice(_isZeroForOne(true) ? int24(-20) : int24(20));
        (bool passed, bytes memory returned) = _try(_call(true, DEPTH, 0, limit, DEADLINE));
        assert(!passed && bytes4(returned) == FlashLoop.Stopped.selector);
        (uint256 exchanged, uint256 whole) = _words(returned);
        assert(whole == DEPTH && exchanged > DEPTH / 2000 && exchanged < DEPTH / 500);
        (passed,) = _try(_call(true, exchanged, 0, limit, DEADLINE));
        assert(passed);
    }

    function testFuzz_leave__lastPriceReached__refused(bool turned) public {
        _stage(turned);
        _owe(DEPTH, PLENTY);
        _shares.approve(address(_flash), type(uint256).max);
        uint160 limit = Ticks.sqrtPrice(_isZeroForOne(false) ? int24(-20) : int24(20));
        (bool passed, bytes memory returned) = _try(_call(false, DEPTH, PLENTY, limit, DEADLINE));
        assert(!passed && bytes4(returned) == FlashLoop.Stopped.selector);
        (uint256 exchanged, uint256 whole) = _words(returned);
        assert(whole == DEPTH + _lender.premiumOf(DEPTH) && exchanged > DEPTH / 2000 && exchanged < DEPTH / 500);
    }

    function test_enter__wrongSideOfThePrice__refusedByThePool() public {
        _bank.delegate(_debt, address(_flash), type(uint256).max);
        _refused(_call(true, 1000, 0, PARITY, DEADLINE), abi.encodeWithSignature("Error(string)", "SPL"));
    }

    function testFuzz_both__late__refused(uint32 timestamp, uint256 deadline, bool inward) public {
        vm.warp(timestamp);
        _owe(10 ** 6, PLENTY);
        _bank.delegate(_debt, address(_flash), type(uint256).max);
        _shares.approve(address(_flash), type(uint256).max);
        uint256 bound = inward ? 0 : PLENTY;
        (bool passed, bytes memory returned) = _try(_call(inward, 1000, bound, _limit(inward), deadline));
        assert(passed == (timestamp <= deadline));
        if (!passed) _same(returned, abi.encodeWithSelector(FlashLoop.Late.selector, timestamp, deadline));
    }

    function test_both__aSecondAroundTheDeadline__exact() public {
        _bank.delegate(_debt, address(_flash), type(uint256).max);
        bytes memory late = abi.encodeWithSelector(FlashLoop.Late.selector, DEADLINE, DEADLINE - 1);
        _refused(_call(true, 1000, 0, _limit(true), DEADLINE - 1), late);
        _refused(_call(false, 1000, 0, _limit(false), DEADLINE - 1), late);
        _enter(1000, 0);
    }

    function test_both__noSuchPool__refused() public {
        _loop.fee = 3000;
        _owe(1000, PLENTY);
        _refused(_entering(1000, 0), abi.encodeWithSelector(FlashLoop.NoPool.selector));
        _refused(_leaving(1000, PLENTY), abi.encodeWithSelector(FlashLoop.NoPool.selector));
    }

    function test_both__amountsBeyondASignedWord__refused() public {
        _debt.give(address(_rogue), type(uint256).max - RICHES - RICHES * 4);
        _loop.lender = address(_rogue);
        _rogue.play(Trick.Lend, address(0), "", 0);
        uint256 loan = 2 ** 255;
        bytes memory expected = abi.encodeWithSignature("SafeCastOverflowedUintToInt(uint256)", loan);
        _refused(_entering(loan, 0), expected);
        _owe(1, PLENTY);
        _rogue.play(Trick.Lend, address(0), "", loan - 1);
        _refused(_leaving(1, PLENTY), expected);
    }

    // ------------------------------------------------------------------------- who pays for whom

    function test_enter__creditOneUnitTooSmall__refused() public {
        _bank.delegate(_debt, address(_flash), 10_008);
        _refused(_entering(10_000, 0), abi.encodeWithSignature("Panic(uint256)", 0x11));
        _bank.delegate(_debt, address(_flash), 10_009);
        _enter(10_000, 0);
    }

    function test_leave__allowanceOneUnitTooSmall__refused() public {
        _owe(10_000, PLENTY);
        uint256 spent = _quoteOut(10_009);
        _shares.approve(address(_flash), spent);
        _refused(_leaving(10_000, spent), _refusal(address(_shares)));
        _shares.approve(address(_flash), spent + 1);
        _leave(10_000, spent);
        assert(_shares.allowance(address(this), address(_flash)) == 0);
    }

    /// Everybody has allowed it everything, and each turn is its caller's own.
    function testFuzz_both__aStrangerCalls__onlyTheStrangerIsChanged(address stranger, uint80 loan) public {
        vm.assume(loan > 1000 && stranger != address(this) && stranger != address(_flash));
        _allowEverything(address(this));
        _allowEverything(stranger);
        uint256 scaled = _shares.scaledBalanceOf(address(this));
        vm.prank(stranger);
        _enter(loan, 0);
        uint256 debt = _bank.debtOf(_debt, stranger);
        assert(debt == OWED + loan + _lender.premiumOf(loan));
        assert(_shares.scaledBalanceOf(stranger) > scaled);
        vm.prank(stranger);
        _leave(debt, PLENTY);
        assert(_bank.debtOf(_debt, stranger) == 0 && _shares.scaledBalanceOf(stranger) < scaled);
        assert(_bank.debtOf(_debt, address(this)) == OWED);
        assert(_shares.scaledBalanceOf(address(this)) == scaled);
        _assertHoldsNothing();
    }

    // ------------------------------------------------------------------------- attacks

    function testFuzz_attack__strangers__cannotCallBack(address stranger, uint256 amount, bool inward) public {
        _allowEverything(address(this));
        bytes memory expected = abi.encodeWithSelector(FlashLoop.NotAwaited.selector, stranger);
        bytes memory data = abi.encode(_turn(inward));
        _refusedBy(stranger, _executing(amount, address(_flash), data), expected);
        _refusedBy(stranger, _executing(amount, stranger, data), expected);
        _refusedBy(stranger, abi.encodeCall(FlashLoop.uniswapV3SwapCallback, (1, -1, data)), expected);
    }

    function test_attack__theRealOnes__cannotCallBackUnasked() public {
        _allowEverything(address(this));
        address[3] memory callers = [address(_lender), address(_bank), address(_pool)];
        for (uint256 i = 0; i < callers.length; ++i) {
            bytes memory expected = abi.encodeWithSelector(FlashLoop.NotAwaited.selector, callers[i]);
            bytes memory data = abi.encode(_turn(i % 2 == 0));
            _refusedBy(callers[i], _executing(1, address(_flash), data), expected);
            _refusedBy(callers[i], abi.encodeCall(FlashLoop.uniswapV3SwapCallback, (1, -1, data)), expected);
        }
    }

    /// Who takes a loan for this contract is the loan's initiator itself.
    function test_attack__loanTakenForIt__refused() public {
        _allowEverything(address(this));
        bytes memory call = abi.encodeCall(Bank.flashLoanSimple, (_flash, _debt, 1000, abi.encode(_turn(true)), 0));
        (bool passed, bytes memory returned) = address(_lender).call(call);
        assert(!passed);
        _same(returned, abi.encodeWithSelector(FlashLoop.NotAwaited.selector, address(_lender)));
    }

    /// A lender that the caller was talked into does what else it can, and then what it was asked for.
    function testFuzz_attack__lenderThatCallsBackOtherwise__refused(bool inward) public {
        _allowEverything(address(this));
        address victim = address(0x71C);
        _allowEverything(victim);
        uint256 scaled = _shares.scaledBalanceOf(victim);
        _loop.lender = address(_rogue);
        Trick[5] memory tricks =
            [Trick.AnotherInitiator, Trick.AnotherAccount, Trick.AnotherTurn, Trick.Exchange, Trick.Twice];
        for (uint256 i = 0; i < tricks.length; ++i) {
            _rogue.play(tricks[i], victim, "", 0);
            (bool passed,) = _try(_call(inward, 1000, inward ? 0 : PLENTY, _limit(inward), DEADLINE));
            assert(passed);
            _same(_rogue.answer(), abi.encodeWithSelector(FlashLoop.NotAwaited.selector, address(_rogue)));
            _assertHoldsNothing();
        }
        assert(_bank.debtOf(_debt, victim) == OWED && _shares.scaledBalanceOf(victim) == scaled);
    }

    function test_attack__lenderThatDoesNothing__refused() public {
        _loop.lender = address(_rogue);
        _refused(_entering(1000, 0), abi.encodeWithSelector(FlashLoop.NotLent.selector));
        _refused(_leaving(1000, 0), abi.encodeWithSelector(FlashLoop.NotLent.selector));
    }

    function test_attack__lenderThatCallsIn__refused() public {
        _allowEverything(address(this));
        _allowEverything(address(_rogue));
        _loop.lender = address(_rogue);
        bytes[2] memory calls = [_entering(1000, 0), _leaving(1000, PLENTY)];
        for (uint256 i = 0; i < calls.length; ++i) {
            _rogue.play(Trick.Enter, address(0), calls[i], 0);
            (bool passed,) = _try(_entering(1000, 0));
            assert(passed);
            _same(_rogue.answer(), abi.encodeWithSelector(FlashLoop.Busy.selector));
        }
    }

    /// A token that the lender has taught calls it in the midst of what the loan is taken for.
    function test_attack__loanBroughtAgain__refused() public {
        _allowEverything(address(this));
        _loop.lender = address(_rogue);
        _rogue.play(Trick.Lend, address(0), "", 0);
        _debt.behave(Coin.approve.selector, address(_rogue), abi.encodeCall(Rogue.bringAgain, (address(_flash))));
        _leave(1000, PLENTY);
        _same(_rogue.answer(), abi.encodeWithSelector(FlashLoop.NotAwaited.selector, address(_rogue)));
        assert(_bank.debtOf(_debt, address(this)) == OWED - 1000);
    }

    /// A lender that does not take back its loan has given it away, and has no allowance left.
    function test_attack__lenderThatTakesNothing__nothingIsLeft() public {
        _allowEverything(address(this));
        _loop.lender = address(_rogue);
        _rogue.play(Trick.Keep, address(0), "", 10);
        uint256 before = _debt.balanceOf(address(this));
        _enter(1000, 0);
        assert(_debt.balanceOf(address(this)) == before + 1010);
        _assertHoldsNothing();
        assert(_debt.allowance(address(_flash), address(_rogue)) == 0);
    }

    /// A lending pool that takes less than it may has no allowance left, and the account has the rest.
    function test_attack__poolThatTakesLess__nothingIsLeft() public {
        _allowEverything(address(this));
        uint256 before = _collateral.balanceOf(address(this));
        _bank.set(9, 1);
        _enter(1000, 0);
        assert(_collateral.balanceOf(address(this)) == before + 1);
        _assertHoldsNothing();
        _leave(1000, PLENTY);
        _assertHoldsNothing();
    }

    /// At every order that it is given, a token calls back, and finds nothing to take.
    function test_attack__tokensThatCallBack__refused() public {
        _allowEverything(address(this));
        bytes4[3] memory orders = [Coin.approve.selector, Coin.transfer.selector, Coin.transferFrom.selector];
        bytes memory data = abi.encode(_turn(false));
        for (uint256 i = 0; i < 18; ++i) {
            Coin coin = i % 2 == 0 ? _coin0 : _coin1;
            bytes memory expected = abi.encodeWithSelector(FlashLoop.NotAwaited.selector, address(coin));
            bytes memory call = abi.encodeCall(FlashLoop.uniswapV3SwapCallback, (1, -1, data));
            if (i / 6 == 1) call = _executing(0, address(_flash), data);
            if (i / 6 == 2) (call, expected) = (_entering(1, 0), abi.encodeWithSelector(FlashLoop.Busy.selector));
            coin.behave(orders[i % 3], address(_flash), call);
            for (uint256 turn = 0; turn < 2; ++turn) {
                (bool passed,) = _try(turn == 0 ? _entering(1000, 0) : _leaving(1000, PLENTY));
                assert(passed);
                assert(coin.answer().length == 0 || keccak256(coin.answer()) == keccak256(expected));
            }
            assert(coin.answer().length > 0);
            coin.behave(orders[i % 3], Habit.Plain);
            _assertHoldsNothing();
        }
    }

    function testFuzz_attack__dataThatIsNone__refused(bytes calldata data) public {
        bytes memory expected = abi.encodeWithSelector(FlashLoop.NotAwaited.selector, address(_lender));
        _refusedBy(address(_lender), _executing(1, address(_flash), data), expected);
        expected = abi.encodeWithSelector(FlashLoop.NotAwaited.selector, address(_pool));
        _refusedBy(address(_pool), abi.encodeCall(FlashLoop.uniswapV3SwapCallback, (1, -1, data)), expected);
    }

    // ------------------------------------------------------------------------- tokens

    /// Orders that the contract itself gives, of which each in turn is answered otherwise.
    function test_order__nothingOrTrueAnswered__done() public {
        _allowEverything(address(this));
        Habit[3] memory habits = [Habit.Plain, Habit.Silent, Habit.Long];
        for (uint256 i = 0; i < 12; ++i) {
            Coin coin = i % 2 == 0 ? _debt : _collateral;
            coin.behave(i / 2 % 2 == 0 ? Coin.approve.selector : Coin.transfer.selector, habits[i / 4]);
            _enter(1000, 0);
            _leave(1000, PLENTY);
            coin.behave(Coin.approve.selector, Habit.Plain);
        }
        _assertHoldsNothing();
    }

    function test_order__otherAnswers__refused() public {
        _allowEverything(address(this));
        Habit[4] memory habits = [Habit.Falsehood, Habit.Reverting, Habit.Short, Habit.Two];
        for (uint256 i = 0; i < habits.length; ++i) {
            _collateral.behave(Coin.approve.selector, habits[i]);
            _refused(_entering(1000, 0), _refusal(address(_collateral)));
            _collateral.behave(Coin.approve.selector, Habit.Plain);
            _debt.behave(Coin.approve.selector, habits[i]);
            _refused(_entering(1000, 0), _refusal(address(_debt)));
            _refused(_leaving(1000, PLENTY), _refusal(address(_debt)));
            _debt.behave(Coin.approve.selector, Habit.Plain);
        }
    }

    function test_order__noToken__refused() public {
        _allowEverything(address(this));
        _loop.shares = address(0xC0DE);
        _refused(_leaving(1000, PLENTY), _refusal(address(0xC0DE)));
    }

    function test_order__feeOnTransfer__refused() public {
        _allowEverything(address(this));
        _collateral.behave(Coin.transfer.selector, Habit.Feeing);
        (bool passed,) = _try(_entering(1000, 0));
        assert(!passed);
        (passed,) = _try(_leaving(1000, PLENTY));
        assert(!passed);
        _collateral.behave(Coin.transfer.selector, Habit.Plain);
        _debt.behave(Coin.transfer.selector, Habit.Feeing);
        (passed,) = _try(_entering(1000, 0));
        assert(!passed);
    }

    // ------------------------------------------------------------------------- what it is not

    function test_call__value__refused() public {
        _allowEverything(address(this));
        assert(address(this).balance >= 1);
        (bool passed,) = address(_flash).call{value: 1}(_entering(1000, 0));
        assert(!passed);
        (passed,) = address(_flash).call{value: 1}("");
        assert(!passed);
    }

    function testFuzz_call__otherData__refused(bytes calldata data) public {
        _allowEverything(address(this));
        vm.assume(data.length < 4 || bytes4(data) != _flash.factory.selector);
        (bool passed,) = address(_flash).call(data);
        assert(!passed);
    }

    // ------------------------------------------------------------------------- the stage

    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata) external {
        _coin0.transfer(msg.sender, owed0);
        _coin1.transfer(msg.sender, owed1);
    }

    /// Instead of paying, tells what was to be paid for what.
    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external pure {
        bytes memory told = abi.encode(amount0, amount1);
        assembly {
            revert(add(told, 32), 64)
        }
    }

    function _stage(bool turned) private {
        (_debt, _collateral) = turned ? (_coin1, _coin0) : (_coin0, _coin1);
        _shares = _bank.sharesOf(_collateral);
        _loop = Loop(address(_lender), address(_bank), address(_collateral), address(_shares), address(_debt), FEE);
    }

    /// An account that owes so much and has supplied so much.
    function _owe(uint256 debt, uint256 supplied) private {
        _bank.delegate(_debt, address(this), debt);
        _bank.borrow(_debt, debt, 2, 0, address(this));
        _bank.supply(_collateral, supplied, address(this), 0);
    }

    function _allowEverything(address account) private {
        _collateral.give(address(_bank), PLENTY);
        _bank.supply(_collateral, PLENTY, account, 0);
        vm.prank(account);
        _bank.delegate(_debt, address(this), OWED);
        _bank.borrow(_debt, OWED, 2, 0, account);
        vm.prank(account);
        _bank.delegate(_debt, address(_flash), type(uint256).max);
        vm.prank(account);
        _shares.approve(address(_flash), type(uint256).max);
    }

    function _turn(bool inward) private view returns (FlashLoop.Turn memory) {
        return FlashLoop.Turn(address(this), inward, _loop, 1000, inward ? 0 : PLENTY, _limit(inward));
    }

    function _isZeroForOne(bool inward) private view returns (bool) {
        return inward == (address(_debt) == address(_coin0));
    }

    function _limit(bool inward) private view returns (uint160) {
        return _isZeroForOne(inward) ? Ticks.MIN_PRICE + 1 : Ticks.MAX_PRICE - 1;
    }

    /// What the pool gives for a loan.
    function _quote(uint256 loan) private returns (uint256 received) {
        (, received) = _amounts(true, int256(loan));
    }

    /// What the pool takes for so much of the debt token.
    function _quoteOut(uint256 bought) private returns (uint256 spent) {
        (spent,) = _amounts(false, -int256(bought));
    }

    function _amounts(bool inward, int256 amount) private returns (uint256 spent, uint256 received) {
        bool zeroForOne = _isZeroForOne(inward);
        bytes memory call = abi.encodeCall(Pool.swap, (address(this), zeroForOne, amount, _limit(inward), ""));
        (, bytes memory told) = address(_pool).call(call);
        (int256 amount0, int256 amount1) = abi.decode(told, (int256, int256));
        return zeroForOne ? (uint256(amount0), uint256(-amount1)) : (uint256(amount1), uint256(-amount0));
    }

    // ------------------------------------------------------------------------- calls

    function _call(bool inward, uint256 loan, uint256 bound, uint160 limit, uint256 deadline)
        private
        view
        returns (bytes memory)
    {
        return inward
            ? abi.encodeCall(FlashLoop.enter, (_loop, loan, bound, limit, deadline))
            : abi.encodeCall(FlashLoop.leave, (_loop, loan, bound, limit, deadline));
    }

    function _entering(uint256 loan, uint256 least) private view returns (bytes memory) {
        return _call(true, loan, least, _limit(true), DEADLINE);
    }

    function _leaving(uint256 loan, uint256 most) private view returns (bytes memory) {
        return _call(false, loan, most, _limit(false), DEADLINE);
    }

    function _enter(uint256 loan, uint256 least) private {
        _flash.enter(_loop, loan, least, _limit(true), DEADLINE);
    }

    function _leave(uint256 loan, uint256 most) private {
        _flash.leave(_loop, loan, most, _limit(false), DEADLINE);
    }

    function _executing(uint256 premium, address initiator, bytes memory data) private view returns (bytes memory) {
        return abi.encodeCall(FlashLoop.executeOperation, (address(_debt), 1000, premium, initiator, data));
    }

    function _try(bytes memory call) private returns (bool, bytes memory) {
        return address(_flash).call(call);
    }

    // ------------------------------------------------------------------------- expectations

    function _refused(bytes memory call, bytes memory expected) private {
        (bool passed, bytes memory returned) = _try(call);
        assert(!passed);
        _same(returned, expected);
    }

    function _refusedBy(address caller, bytes memory call, bytes memory expected) private {
        vm.prank(caller);
        _refused(call, expected);
    }

    function _assertHoldsNothing() private view {
        assert(_coin0.balanceOf(address(_flash)) == 0 && _coin1.balanceOf(address(_flash)) == 0);
        assert(_shares.scaledBalanceOf(address(_flash)) == 0);
        assert(_bank.debtOf(_debt, address(_flash)) == 0);
        address[4] memory spenders = [address(_bank), address(_lender), address(_pool), address(_rogue)];
        for (uint256 i = 0; i < spenders.length; ++i) {
            assert(_coin0.allowance(address(_flash), spenders[i]) == 0);
            assert(_coin1.allowance(address(_flash), spenders[i]) == 0);
            assert(_shares.allowance(address(_flash), spenders[i]) == 0);
        }
    }

    function _refusal(address token) private pure returns (bytes memory) {
        return abi.encodeWithSelector(FlashLoop.Refused.selector, token);
    }

    function _words(bytes memory returned) private pure returns (uint256 one, uint256 other) {
        assembly {
            one := mload(add(returned, 36))
            other := mload(add(returned, 68))
        }
    }

    function _same(bytes memory returned, bytes memory expected) private pure {
        assert(keccak256(returned) == keccak256(expected));
    }
}

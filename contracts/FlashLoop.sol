// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// Where an account's loop is: `lender` lends `debt` for the length of a call; in `pool` the account
/// supplies `collateral`, for which it has `shares` there, and owes `debt`; and the exchange's pool of
/// both tokens and this `fee` turns one into the other. Lender and pool are pools of Aave V3, and may be
/// the same.
struct Loop {
    address lender;
    address pool;
    address collateral;
    address shares;
    address debt;
    uint24 fee;
}

interface PoolFactory {
    function getPool(address one, address other, uint24 fee) external view returns (address);
}

interface ConcentratedPool {
    function swap(address recipient, bool zeroForOne, int256 amount, uint160 limit, bytes calldata data)
        external
        returns (int256 amount0, int256 amount1);
}

interface LendingPool {
    function flashLoanSimple(address receiver, address asset, uint256 amount, bytes calldata data, uint16 referral)
        external;
    function supply(address asset, uint256 amount, address account, uint16 referral) external;
    function borrow(address asset, uint256 amount, uint256 mode, uint16 referral, address account) external;
    function repay(address asset, uint256 amount, uint256 mode, address account) external returns (uint256 repaid);
    function withdraw(address asset, uint256 amount, address recipient) external returns (uint256 withdrawn);
}

interface HeldToken {
    function balanceOf(address account) external view returns (uint256);
    function approve(address spender, uint256 amount) external returns (bool);
    function transfer(address recipient, uint256 amount) external returns (bool);
    function transferFrom(address payer, address recipient, uint256 amount) external returns (bool);
}

/// Enters and leaves a leveraged loop for its caller, the whole of it or a part, in one call each: the
/// caller's account at a lending pool grows or shrinks on both sides by what a flash loan pays for.
///
/// It acts for its caller alone. It borrows by the caller's credit delegation, and withdraws by the
/// caller's allowance of its shares; both can be spent by their giver's own calls only. It owns nothing
/// and holds nothing between calls, neither tokens nor shares, debt or allowances. What it remembers is
/// whom it waits for, in transient storage, and that ends with the call.
///
/// The lender, the lending pool and the tokens are the caller's to choose, at the caller's own risk. The
/// exchange's pool is whichever the factory names.
contract FlashLoop {
    /// The call is mined after its deadline.
    error Late(uint256 timestamp, uint256 deadline);
    /// A call is under way already: somebody was called that calls back.
    error Busy();
    /// The factory has no pool of these tokens and this fee.
    error NoPool();
    /// The lender ended the loan without having begun it.
    error NotLent();
    /// Somebody calls back who was not called, or with what it was not given.
    error NotAwaited(address caller);
    /// The pool's price reached the limit, or its liquidity the end, before the whole was exchanged.
    error Stopped(uint256 exchanged, uint256 whole);
    /// The loan buys less collateral than the caller accepts.
    error TooLittle(uint256 received, uint256 least);
    /// The loan costs more collateral than the caller accepts.
    error TooMuch(uint256 owed, uint256 most);
    /// A token has no code, reverts, or answers anything but nothing or true.
    error Refused(address token);

    /// What is handed to those who call back, and comes back with them.
    struct Turn {
        address account;
        bool inward;
        Loop loop;
        uint256 loan;
        uint256 bound;
        uint160 limit;
    }

    /// The factory whose word it is which contracts are the exchange's pools.
    address public immutable factory;

    /// The variable rate of interest, as lending pools number it.
    uint256 private constant VARIABLE = 2;

    /// Who is awaited: nobody, since there is no call, since one is at work, or since it is done; else
    /// the hash of the function, its caller and what it has to bring.
    bytes32 private constant IDLE = 0;
    bytes32 private constant AT_WORK = bytes32(uint256(1));
    bytes32 private constant DONE = bytes32(uint256(2));

    // A factory that is none has no pools, and then nothing can be exchanged.
    // slither-disable-next-line missing-zero-check
    constructor(address factory_) {
        factory = factory_;
    }

    /// Supplies for the caller what `loan` of the debt token buys of the collateral, which is `least` or
    /// more, and leaves the caller in debt for the loan and its premium.
    ///
    /// The caller has delegated that much credit to this contract at the debt's token of the lending pool.
    /// Nothing else bounds the premium. `limit` is the root of the last price at which to exchange, times
    /// 2**96, as the exchange's pool takes it. Whether the account is healthy enough is the lending pool's
    /// to say at the borrowing, and the caller's afterwards.
    function enter(Loop calldata loop, uint256 loan, uint256 least, uint160 limit, uint256 deadline) external {
        _begin(Turn(msg.sender, true, loop, loan, least, limit), deadline);
    }

    /// Repays `loan` of the caller's debt, or all of it if it is less, and pays for that and the premium
    /// with the caller's collateral, `most` of it or less.
    ///
    /// The caller has allowed this contract `most` and one unit more of its shares: a pool may count a
    /// unit less for whom it transfers them to. No more is withdrawn than the exchange's pool is owed, and
    /// the unit goes back. `limit` is as above.
    function leave(Loop calldata loop, uint256 loan, uint256 most, uint160 limit, uint256 deadline) external {
        _begin(Turn(msg.sender, false, loop, loan, most, limit), deadline);
    }

    /// Does what the loan was taken for, and lets the lender take it back with the premium.
    function executeOperation(address, uint256, uint256 premium, address initiator, bytes calldata data)
        external
        returns (bool)
    {
        if (initiator != address(this)) revert NotAwaited(msg.sender);
        Turn memory turn = _resume(data);
        uint256 owed = turn.loan + premium;
        if (turn.inward) _enter(turn, owed, data);
        else _leave(turn, owed, data);
        _order(turn.loop.debt, abi.encodeCall(HeldToken.approve, (msg.sender, owed)));
        _await(DONE);
        return true;
    }

    /// Pays the exchange's pool for what it has sent: with the loan itself, or with the account's
    /// collateral.
    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata data) external {
        Turn memory turn = _resume(data);
        uint256 owed = uint256(amount0 > 0 ? amount0 : amount1);
        if (turn.inward) _order(turn.loop.debt, abi.encodeCall(HeldToken.transfer, (msg.sender, owed)));
        else _withdraw(turn, owed);
    }

    // ------------------------------------------------------------------------------- the turn

    function _begin(Turn memory turn, uint256 deadline) private {
        // A miner can shift the timestamp by seconds, and a deadline is minutes away.
        // slither-disable-next-line timestamp
        if (block.timestamp > deadline) revert Late(block.timestamp, deadline);
        if (_awaited() != IDLE) revert Busy();
        bytes memory data = abi.encode(turn);
        address lender = turn.loop.lender;
        _await(_seal(FlashLoop.executeOperation.selector, lender, data));
        LendingPool(lender).flashLoanSimple(address(this), turn.loop.debt, turn.loan, data, 0);
        if (_awaited() != DONE) revert NotLent();
        _order(turn.loop.debt, abi.encodeCall(HeldToken.approve, (lender, 0)));
        _give(turn.loop.debt, turn.account);
        _give(turn.loop.collateral, turn.account);
        _await(IDLE);
    }

    function _enter(Turn memory turn, uint256 owed, bytes calldata data) private {
        Loop memory loop = turn.loop;
        (uint256 spent, uint256 received) = _swap(turn, SafeCast.toInt256(turn.loan), data);
        if (spent != turn.loan) revert Stopped(spent, turn.loan);
        if (received < turn.bound) revert TooLittle(received, turn.bound);
        _order(loop.collateral, abi.encodeCall(HeldToken.approve, (loop.pool, received)));
        LendingPool(loop.pool).supply(loop.collateral, received, turn.account, 0);
        _order(loop.collateral, abi.encodeCall(HeldToken.approve, (loop.pool, 0)));
        LendingPool(loop.pool).borrow(loop.debt, owed, VARIABLE, 0, turn.account);
    }

    /// What was lent beyond the account's debt goes back to the lender as it is.
    function _leave(Turn memory turn, uint256 owed, bytes calldata data) private {
        Loop memory loop = turn.loop;
        _order(loop.debt, abi.encodeCall(HeldToken.approve, (loop.pool, turn.loan)));
        uint256 repaid = LendingPool(loop.pool).repay(loop.debt, turn.loan, VARIABLE, turn.account);
        _order(loop.debt, abi.encodeCall(HeldToken.approve, (loop.pool, 0)));
        uint256 bought = owed - (turn.loan - repaid);
        (, uint256 received) = _swap(turn, -SafeCast.toInt256(bought), data);
        if (received != bought) revert Stopped(received, bought);
    }

    /// Exchanges into the collateral or out of it, and returns what that took and gave: a positive amount
    /// is to be spent, a negative one to be received, as the exchange's pool takes it.
    function _swap(Turn memory turn, int256 amount, bytes calldata data)
        private
        returns (uint256 spent, uint256 received)
    {
        Loop memory loop = turn.loop;
        address pool = PoolFactory(factory).getPool(loop.collateral, loop.debt, loop.fee);
        if (pool == address(0)) revert NoPool();
        bool zeroForOne = turn.inward == (loop.debt < loop.collateral);
        _await(_seal(FlashLoop.uniswapV3SwapCallback.selector, pool, data));
        (int256 amount0, int256 amount1) =
            ConcentratedPool(pool).swap(address(this), zeroForOne, amount, turn.limit, data);
        return zeroForOne ? (uint256(amount0), uint256(-amount1)) : (uint256(amount1), uint256(-amount0));
    }

    /// Withdraws for the exchange's pool what it is owed. The account's shares are transferred for that,
    /// one unit more than is withdrawn, and what is left of them goes back.
    function _withdraw(Turn memory turn, uint256 owed) private {
        if (owed > turn.bound) revert TooMuch(owed, turn.bound);
        Loop memory loop = turn.loop;
        _order(loop.shares, abi.encodeCall(HeldToken.transferFrom, (turn.account, address(this), owed + 1)));
        // Pools answer what was asked for, of which the exchange's pool makes sure itself.
        // slither-disable-next-line unused-return
        LendingPool(loop.pool).withdraw(loop.collateral, owed, msg.sender);
        _give(loop.shares, turn.account);
    }

    // ------------------------------------------------------------------------------- who is awaited

    /// What the caller brings, who is awaited with exactly that. From here on nobody is.
    function _resume(bytes calldata data) private returns (Turn memory) {
        if (_awaited() != _seal(msg.sig, msg.sender, data)) revert NotAwaited(msg.sender);
        _await(AT_WORK);
        return abi.decode(data, (Turn));
    }

    function _seal(bytes4 called, address caller, bytes memory data) private pure returns (bytes32) {
        return keccak256(abi.encode(called, caller, data));
    }

    function _awaited() private view returns (bytes32 awaited) {
        // slither-disable-next-line assembly
        assembly {
            awaited := tload(0)
        }
    }

    function _await(bytes32 awaited) private {
        // slither-disable-next-line assembly
        assembly {
            tstore(0, awaited)
        }
    }

    // ------------------------------------------------------------------------------- tokens

    /// Whatever is left of a token, which is nothing where everybody takes what they are owed.
    function _give(address token, address account) private {
        uint256 left = HeldToken(token).balanceOf(address(this));
        if (left > 0) _order(token, abi.encodeCall(HeldToken.transfer, (account, left)));
    }

    function _order(address token, bytes memory order) private {
        // A compiled call would refuse tokens that answer nothing, of which there are great ones.
        // slither-disable-next-line low-level-calls
        (bool done, bytes memory answer) = token.call(order);
        if (!done || !_isConsent(token, answer)) revert Refused(token);
    }

    /// Whether an answer is nothing, from a contract, or true. A call succeeds where no contract is, too.
    function _isConsent(address token, bytes memory answer) private view returns (bool) {
        // Only what balances are is dangerous to compare, and these are a length and an answer.
        // slither-disable-next-line incorrect-equality
        if (answer.length == 0) return token.code.length > 0;
        // slither-disable-next-line incorrect-equality
        return answer.length >= 32 && abi.decode(answer, (uint256)) == 1;
    }
}
